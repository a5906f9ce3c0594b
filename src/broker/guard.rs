//! Which network addresses the broker may connect to.
//!
//! Pure: an address goes in, the special-purpose range it belongs to comes out. A secret must never be sent to
//! an address that is not the public Internet's, whatever name resolved to it; only a custom provider that says
//! so may reach a private network, and even that never reaches metadata services or link-local addresses.
//!
//! Source: the IANA IPv4 and IPv6 Special-Purpose Address Registries (RFC 6890, as updated by RFC 8190), the
//! IPv6 address space registry (only `2000::/3` is allocated as global unicast), and RFC 5771 and RFC 4291 for
//! multicast. Blocks that those registries mark as globally reachable (AS112, AMT) are left alone.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use thiserror::Error;

use crate::spec::Provider;

/// True where `address` is globally reachable unicast: the only kind a built-in provider lives at.
pub fn is_global(address: IpAddr) -> bool {
    special_range(address).is_none()
}

/// The special-purpose range that holds `address`, or `None` where the address is globally reachable.
pub fn special_range(address: IpAddr) -> Option<SpecialRange> {
    match address {
        IpAddr::V4(v4) => special_range_v4(v4),
        IpAddr::V6(v6) => special_range_v6(v6),
    }
}

/// How far a request may reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reach {
    /// Globally reachable addresses alone. Every built-in provider.
    Global,
    /// Also loopback, private, shared (CGNAT) and unique-local addresses. A custom provider whose operator said
    /// so. Metadata services, link-local addresses and the rest stay refused.
    PrivateNetwork,
}

impl Reach {
    /// Of requests to a provider: an operator's own may say that its hosts stand at private addresses.
    #[must_use]
    pub fn of(provider: &Provider, own: bool) -> Self {
        if own && provider.private { Self::PrivateNetwork } else { Self::Global }
    }

    /// Passes `address` on, or says why `host` may not be reached there.
    ///
    /// # Errors
    /// [`GuardError::NotGlobal`] with the range that the address belongs to.
    pub fn check(self, host: &str, address: IpAddr) -> Result<IpAddr, GuardError> {
        match special_range(address) {
            None => Ok(address),
            Some(range) if self == Self::PrivateNetwork && range.is_private_network() => Ok(address),
            Some(range) => Err(GuardError::NotGlobal { host: host.to_owned(), address, range }),
        }
    }
}

/// Why a host may not be connected to.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum GuardError {
    /// The host has addresses, and every one of them is out of reach. The first is named.
    #[error(
        "{host} is at {address}, a {range} address, and the broker connects to public addresses only; \
         for a service on a private network, add a custom provider that says so"
    )]
    NotGlobal { host: String, address: IpAddr, range: SpecialRange },
    /// Behind a proxy nobody here could look where the name leads.
    #[error(
        "{host} is a name of local networks, and the egress proxy is asked for public hosts only; \
         for a service on a private network, add a custom provider that says so"
    )]
    LocalName { host: String },
    /// The name has no address, or the resolver did not answer.
    #[error("{host} did not resolve to an address; check the host name and this machine's DNS")]
    Unresolved { host: String },
}

/// A block of addresses that is not ordinary public unicast.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SpecialRange {
    ThisNetwork,
    Unspecified,
    Loopback,
    Private,
    Shared,
    LinkLocal,
    Metadata,
    ProtocolAssignments,
    Documentation,
    Benchmarking,
    Multicast,
    Broadcast,
    Reserved,
    Ipv4Mapped,
    Ipv4Compatible,
    Nat64,
    LocalNat64,
    SixToFour,
    Teredo,
    Discard,
    Orchid,
    UniqueLocal,
    SiteLocal,
    SegmentRouting,
}

impl SpecialRange {
    /// True for the ranges that an operator's own network uses.
    fn is_private_network(self) -> bool {
        matches!(self, Self::Loopback | Self::Private | Self::Shared | Self::UniqueLocal)
    }
}

impl fmt::Display for SpecialRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ThisNetwork => "\"this network\"",
            Self::Unspecified => "unspecified",
            Self::Loopback => "loopback",
            Self::Private => "private",
            Self::Shared => "shared (carrier-grade NAT)",
            Self::LinkLocal => "link-local",
            Self::Metadata => "cloud metadata",
            Self::ProtocolAssignments => "IETF protocol",
            Self::Documentation => "documentation",
            Self::Benchmarking => "benchmarking",
            Self::Multicast => "multicast",
            Self::Broadcast => "broadcast",
            Self::Reserved => "reserved",
            Self::Ipv4Mapped => "IPv4-mapped",
            Self::Ipv4Compatible => "IPv4-compatible",
            Self::Nat64 => "NAT64 (to a special-purpose IPv4)",
            Self::LocalNat64 => "local-use NAT64",
            Self::SixToFour => "6to4",
            Self::Teredo => "Teredo",
            Self::Discard => "discard-only",
            Self::Orchid => "ORCHID",
            Self::UniqueLocal => "unique-local",
            Self::SiteLocal => "site-local",
            Self::SegmentRouting => "segment-routing",
        })
    }
}

/// A block of addresses: its first address, the length of its prefix, and what it is.
struct Block<A> {
    first: A,
    prefix: u32,
    range: SpecialRange,
}

/// Searched top down: the first block that holds an address names it.
const V4_BLOCKS: &[Block<Ipv4Addr>] = &[
    // Metadata services, each inside a larger block or, in Azure's case, at a public address of its own.
    v4([169, 254, 169, 254], 32, SpecialRange::Metadata),
    v4([100, 100, 100, 200], 32, SpecialRange::Metadata),
    v4([192, 0, 0, 192], 32, SpecialRange::Metadata),
    v4([168, 63, 129, 16], 32, SpecialRange::Metadata),
    v4([0, 0, 0, 0], 32, SpecialRange::Unspecified),
    v4([0, 0, 0, 0], 8, SpecialRange::ThisNetwork),
    v4([10, 0, 0, 0], 8, SpecialRange::Private),
    v4([100, 64, 0, 0], 10, SpecialRange::Shared),
    v4([127, 0, 0, 0], 8, SpecialRange::Loopback),
    v4([169, 254, 0, 0], 16, SpecialRange::LinkLocal),
    v4([172, 16, 0, 0], 12, SpecialRange::Private),
    v4([192, 0, 0, 0], 24, SpecialRange::ProtocolAssignments),
    v4([192, 0, 2, 0], 24, SpecialRange::Documentation),
    v4([192, 88, 99, 0], 24, SpecialRange::SixToFour),
    v4([192, 168, 0, 0], 16, SpecialRange::Private),
    v4([198, 18, 0, 0], 15, SpecialRange::Benchmarking),
    v4([198, 51, 100, 0], 24, SpecialRange::Documentation),
    v4([203, 0, 113, 0], 24, SpecialRange::Documentation),
    v4([224, 0, 0, 0], 4, SpecialRange::Multicast),
    v4([255, 255, 255, 255], 32, SpecialRange::Broadcast),
    v4([240, 0, 0, 0], 4, SpecialRange::Reserved),
];

/// The well-known prefix of RFC 6052, under which an IPv6-only network reaches IPv4: judged by the IPv4 within.
const NAT64: Block<Ipv6Addr> = v6([0x64, 0xff9b, 0, 0, 0, 0, 0, 0], 96, SpecialRange::Nat64);

/// Searched top down, after [`NAT64`].
const V6_BLOCKS: &[Block<Ipv6Addr>] = &[
    v6([0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254], 128, SpecialRange::Metadata),
    v6([0, 0, 0, 0, 0, 0, 0, 0], 128, SpecialRange::Unspecified),
    v6([0, 0, 0, 0, 0, 0, 0, 1], 128, SpecialRange::Loopback),
    v6([0, 0, 0, 0, 0, 0, 0, 0], 96, SpecialRange::Ipv4Compatible),
    v6([0, 0, 0, 0, 0, 0xffff, 0, 0], 96, SpecialRange::Ipv4Mapped),
    v6([0x64, 0xff9b, 1, 0, 0, 0, 0, 0], 48, SpecialRange::LocalNat64),
    v6([0x100, 0, 0, 0, 0, 0, 0, 0], 64, SpecialRange::Discard),
    v6([0x2001, 0, 0, 0, 0, 0, 0, 0], 32, SpecialRange::Teredo),
    v6([0x2001, 2, 0, 0, 0, 0, 0, 0], 48, SpecialRange::Benchmarking),
    v6([0x2001, 0x10, 0, 0, 0, 0, 0, 0], 28, SpecialRange::Orchid),
    v6([0x2001, 0x20, 0, 0, 0, 0, 0, 0], 28, SpecialRange::Orchid),
    v6([0x2001, 0, 0, 0, 0, 0, 0, 0], 23, SpecialRange::ProtocolAssignments),
    v6([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32, SpecialRange::Documentation),
    v6([0x2002, 0, 0, 0, 0, 0, 0, 0], 16, SpecialRange::SixToFour),
    v6([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20, SpecialRange::Documentation),
    v6([0x5f00, 0, 0, 0, 0, 0, 0, 0], 16, SpecialRange::SegmentRouting),
    v6([0xfc00, 0, 0, 0, 0, 0, 0, 0], 7, SpecialRange::UniqueLocal),
    v6([0xfe80, 0, 0, 0, 0, 0, 0, 0], 10, SpecialRange::LinkLocal),
    v6([0xfec0, 0, 0, 0, 0, 0, 0, 0], 10, SpecialRange::SiteLocal),
    v6([0xff00, 0, 0, 0, 0, 0, 0, 0], 8, SpecialRange::Multicast),
];

/// All that IANA has allocated as global unicast; the rest of the space is reserved.
const V6_UNICAST: Block<Ipv6Addr> = v6([0x2000, 0, 0, 0, 0, 0, 0, 0], 3, SpecialRange::Reserved);

const fn v4(first: [u8; 4], prefix: u32, range: SpecialRange) -> Block<Ipv4Addr> {
    Block { first: Ipv4Addr::from_bits(u32::from_be_bytes(first)), prefix, range }
}

const fn v6(s: [u16; 8], prefix: u32, range: SpecialRange) -> Block<Ipv6Addr> {
    Block { first: Ipv6Addr::new(s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[7]), prefix, range }
}

fn special_range_v4(address: Ipv4Addr) -> Option<SpecialRange> {
    V4_BLOCKS.iter().find(|block| block.holds(address)).map(|block| block.range)
}

fn special_range_v6(address: Ipv6Addr) -> Option<SpecialRange> {
    if NAT64.holds(address) {
        let [.., a, b, c, d] = address.octets();
        return special_range_v4(Ipv4Addr::new(a, b, c, d)).map(|_| NAT64.range);
    }
    let named = V6_BLOCKS.iter().find(|block| block.holds(address)).map(|block| block.range);
    named.or_else(|| (!V6_UNICAST.holds(address)).then_some(V6_UNICAST.range))
}

impl Block<Ipv4Addr> {
    fn holds(&self, address: Ipv4Addr) -> bool {
        (self.first.to_bits() ^ address.to_bits()).leading_zeros() >= self.prefix
    }
}

impl Block<Ipv6Addr> {
    fn holds(&self, address: Ipv6Addr) -> bool {
        (self.first.to_bits() ^ address.to_bits()).leading_zeros() >= self.prefix
    }
}

#[cfg(test)]
mod tests;
