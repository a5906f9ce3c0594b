use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};

use super::{GuardError, Reach, SpecialRange as R, V4_BLOCKS, V6_BLOCKS, is_global, special_range};

/// Just outside, first, last, just outside: a block ends where its registry says.
const CASES: &[(&str, Option<R>)] = &[
    ("0.0.0.0", Some(R::Unspecified)),
    ("0.0.0.1", Some(R::ThisNetwork)),
    ("0.255.255.255", Some(R::ThisNetwork)),
    ("1.0.0.0", None),
    ("1.1.1.1", None),
    ("8.8.8.8", None),
    ("9.255.255.255", None),
    ("10.0.0.0", Some(R::Private)),
    ("10.255.255.255", Some(R::Private)),
    ("11.0.0.0", None),
    ("100.63.255.255", None),
    ("100.64.0.0", Some(R::Shared)),
    ("100.100.100.200", Some(R::Metadata)),
    ("100.127.255.255", Some(R::Shared)),
    ("100.128.0.0", None),
    ("126.255.255.255", None),
    ("127.0.0.0", Some(R::Loopback)),
    ("127.0.0.1", Some(R::Loopback)),
    ("127.255.255.255", Some(R::Loopback)),
    ("128.0.0.0", None),
    ("168.63.129.15", None),
    ("168.63.129.16", Some(R::Metadata)),
    ("169.253.255.255", None),
    ("169.254.0.0", Some(R::LinkLocal)),
    ("169.254.169.253", Some(R::LinkLocal)),
    ("169.254.169.254", Some(R::Metadata)),
    ("169.254.255.255", Some(R::LinkLocal)),
    ("169.255.0.0", None),
    ("172.15.255.255", None),
    ("172.16.0.0", Some(R::Private)),
    ("172.31.255.255", Some(R::Private)),
    ("172.32.0.0", None),
    ("191.255.255.255", None),
    ("192.0.0.0", Some(R::ProtocolAssignments)),
    ("192.0.0.192", Some(R::Metadata)),
    ("192.0.0.255", Some(R::ProtocolAssignments)),
    ("192.0.1.0", None),
    ("192.0.2.0", Some(R::Documentation)),
    ("192.0.2.255", Some(R::Documentation)),
    ("192.0.3.0", None),
    ("192.88.98.255", None),
    ("192.88.99.0", Some(R::SixToFour)),
    ("192.88.99.255", Some(R::SixToFour)),
    ("192.88.100.0", None),
    ("192.167.255.255", None),
    ("192.168.0.0", Some(R::Private)),
    ("192.168.255.255", Some(R::Private)),
    ("192.169.0.0", None),
    ("198.17.255.255", None),
    ("198.18.0.0", Some(R::Benchmarking)),
    ("198.19.255.255", Some(R::Benchmarking)),
    ("198.20.0.0", None),
    ("198.51.99.255", None),
    ("198.51.100.0", Some(R::Documentation)),
    ("198.51.100.255", Some(R::Documentation)),
    ("198.51.101.0", None),
    ("203.0.112.255", None),
    ("203.0.113.0", Some(R::Documentation)),
    ("203.0.113.255", Some(R::Documentation)),
    ("203.0.114.0", None),
    ("223.255.255.255", None),
    ("224.0.0.0", Some(R::Multicast)),
    ("239.255.255.255", Some(R::Multicast)),
    ("240.0.0.0", Some(R::Reserved)),
    ("255.255.255.254", Some(R::Reserved)),
    ("255.255.255.255", Some(R::Broadcast)),
    ("::", Some(R::Unspecified)),
    ("::1", Some(R::Loopback)),
    ("::2", Some(R::Ipv4Compatible)),
    ("::8.8.8.8", Some(R::Ipv4Compatible)),
    ("::127.0.0.1", Some(R::Ipv4Compatible)),
    ("::1:0:0", Some(R::Reserved)),
    ("::ffff:0.0.0.0", Some(R::Ipv4Mapped)),
    ("::ffff:8.8.8.8", Some(R::Ipv4Mapped)),
    ("::ffff:127.0.0.1", Some(R::Ipv4Mapped)),
    ("::ffff:169.254.169.254", Some(R::Ipv4Mapped)),
    ("::ffff:0:127.0.0.1", Some(R::Reserved)),
    ("64:ff9a:ffff:ffff:ffff:ffff:ffff:ffff", Some(R::Reserved)),
    ("64:ff9b::8.8.8.8", None),
    ("64:ff9b::127.0.0.1", Some(R::Nat64)),
    ("64:ff9b::10.0.0.1", Some(R::Nat64)),
    ("64:ff9b::169.254.169.254", Some(R::Nat64)),
    ("64:ff9b:0:0:0:1:808:808", Some(R::Reserved)),
    ("64:ff9b:1::8.8.8.8", Some(R::LocalNat64)),
    ("64:ff9b:1:ffff:ffff:ffff:ffff:ffff", Some(R::LocalNat64)),
    ("64:ff9b:2::", Some(R::Reserved)),
    ("100::", Some(R::Discard)),
    ("100::ffff:ffff:ffff:ffff", Some(R::Discard)),
    ("100:0:0:1::", Some(R::Reserved)),
    ("1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Some(R::Reserved)),
    ("2000::", None),
    ("2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff", None),
    ("2001::", Some(R::Teredo)),
    ("2001:0:ffff:ffff:ffff:ffff:ffff:ffff", Some(R::Teredo)),
    ("2001:1::1", Some(R::ProtocolAssignments)),
    ("2001:2::", Some(R::Benchmarking)),
    ("2001:2:0:ffff:ffff:ffff:ffff:ffff", Some(R::Benchmarking)),
    ("2001:2:1::", Some(R::ProtocolAssignments)),
    ("2001:10::", Some(R::Orchid)),
    ("2001:2f:ffff:ffff:ffff:ffff:ffff:ffff", Some(R::Orchid)),
    ("2001:30::", Some(R::ProtocolAssignments)),
    ("2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff", Some(R::ProtocolAssignments)),
    ("2001:200::", None),
    ("2001:4860:4860::8888", None),
    ("2001:db7:ffff:ffff:ffff:ffff:ffff:ffff", None),
    ("2001:db8::", Some(R::Documentation)),
    ("2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", Some(R::Documentation)),
    ("2001:db9::", None),
    ("2002::", Some(R::SixToFour)),
    ("2002:7f00:1::", Some(R::SixToFour)),
    ("2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Some(R::SixToFour)),
    ("2003::", None),
    ("2606:4700:4700::1111", None),
    ("3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff", None),
    ("3fff::", Some(R::Documentation)),
    ("3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff", Some(R::Documentation)),
    ("3fff:1000::", None),
    ("3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", None),
    ("4000::", Some(R::Reserved)),
    ("5f00::", Some(R::SegmentRouting)),
    ("5f00:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Some(R::SegmentRouting)),
    ("5f01::", Some(R::Reserved)),
    ("fbff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Some(R::Reserved)),
    ("fc00::", Some(R::UniqueLocal)),
    ("fd00:ec2::253", Some(R::UniqueLocal)),
    ("fd00:ec2::254", Some(R::Metadata)),
    ("fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Some(R::UniqueLocal)),
    ("fe00::", Some(R::Reserved)),
    ("fe80::", Some(R::LinkLocal)),
    ("febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Some(R::LinkLocal)),
    ("fec0::", Some(R::SiteLocal)),
    ("feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Some(R::SiteLocal)),
    ("ff00::", Some(R::Multicast)),
    ("ff02::1", Some(R::Multicast)),
    ("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Some(R::Multicast)),
];

fn address(text: &str) -> IpAddr {
    text.parse().expect("an address of the table")
}

#[test]
fn ranges_start_and_end_where_the_registry_says() {
    for (text, range) in CASES {
        assert_eq!(special_range(address(text)), *range, "{text}");
        assert_eq!(is_global(address(text)), range.is_none(), "{text}");
    }
}

#[test]
fn blocks_of_the_tables_start_at_their_own_prefix() {
    for block in V4_BLOCKS {
        assert_eq!(block.first.to_bits().checked_shl(block.prefix).unwrap_or(0), 0, "{}", block.first);
    }
    for block in V6_BLOCKS {
        assert_eq!(block.first.to_bits().checked_shl(block.prefix).unwrap_or(0), 0, "{}", block.first);
    }
}

#[test]
fn private_reach_opens_the_operators_network_and_nothing_else() {
    let open =
        ["127.0.0.1", "::1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "fd00::1", "8.8.8.8"];
    for text in open {
        assert_eq!(Reach::PrivateNetwork.check("nas.home", address(text)), Ok(address(text)), "{text}");
    }
    let shut = CASES.iter().filter_map(|(text, range)| range.map(|range| (text, range)));
    for (text, range) in shut {
        if !matches!(range, R::Loopback | R::Private | R::Shared | R::UniqueLocal) {
            assert!(Reach::PrivateNetwork.check("nas.home", address(text)).is_err(), "{text}");
        }
    }
}

#[test]
fn refusal_names_host_address_and_range() {
    let refused = Reach::Global.check("api.example.com", address("192.168.0.7")).unwrap_err();
    let expected = GuardError::NotGlobal {
        host: "api.example.com".to_owned(),
        address: address("192.168.0.7"),
        range: R::Private,
    };
    assert_eq!(refused, expected);
    assert!(refused.to_string().starts_with("api.example.com is at 192.168.0.7, a private address"));
}

proptest! {
    #[test]
    fn v4_agrees_with_the_standard_library(bits in any::<u32>()) {
        let v4 = Ipv4Addr::from_bits(bits);
        let special = v4.is_private() || v4.is_loopback() || v4.is_link_local() || v4.is_multicast()
            || v4.is_broadcast() || v4.is_documentation() || v4.is_unspecified();
        if special {
            prop_assert!(!is_global(IpAddr::V4(v4)));
        }
    }

    #[test]
    fn v4_inside_v6_is_never_more_reachable_than_alone(bits in any::<u32>()) {
        let v4 = Ipv4Addr::from_bits(bits);
        prop_assert!(!is_global(IpAddr::V6(v4.to_ipv6_mapped())));
        prop_assert!(!is_global(IpAddr::V6(v4.to_ipv6_compatible())));
        let nat64 = Ipv6Addr::from_bits((0x64_ff9b_u128 << 96) | u128::from(bits));
        prop_assert_eq!(is_global(IpAddr::V6(nat64)), is_global(IpAddr::V4(v4)));
    }

    #[test]
    fn only_global_unicast_is_global(bits in any::<u128>()) {
        let v6 = Ipv6Addr::from_bits(bits);
        if is_global(IpAddr::V6(v6)) {
            prop_assert!(bits >> 125 == 1 || bits >> 32 == 0x64_ff9b_u128 << 64);
        }
    }
}
