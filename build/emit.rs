//! Writes what providers came to: their bytes, and a perfect-hash table for each kind of name.
//!
//! Code is generated for numbers alone, so that what the compiler has to read, and what a program
//! that starts has to relocate, does not grow with what providers say. Decides nothing.

use proc_macro2::{Literal, TokenStream};
use quote::{ToTokens, quote};

use crate::spec::Provider;
use crate::spec::packed::Packed;

/// What is generated: the tables, and the bytes that they are places in.
pub struct Generated {
    pub code: TokenStream,
    pub packed: Vec<u8>,
}

impl Generated {
    /// A short name of what was packed: another registry has another one.
    #[must_use]
    pub fn digest(&self) -> String {
        let phf_shared::Hashes { g, f1, f2, .. } = phf_shared::hash(self.packed.as_slice(), &0);
        format!("{g:08x}{f1:08x}{f2:08x}")
    }
}

/// The whole registry.
#[must_use]
pub fn registry(providers: &[Provider]) -> Generated {
    let (mut packed, mut ends) = (Vec::new(), Vec::new());
    for provider in providers {
        provider.pack(&mut packed);
        ends.push(Literal::usize_unsuffixed(packed.len()));
    }
    let (count, capabilities) =
        (providers.len(), providers.iter().map(|one| one.capabilities.len()).sum::<usize>());
    let (by_id, by_capability, by_secret) =
        (by_id(providers), by_capability(providers), by_secret(providers));
    let code = quote! {
        const COUNT: usize = #count;
        const CAPABILITIES: usize = #capabilities;
        static ENDS: [u32; COUNT] = [#(#ends),*];
        static BY_ID: Table<u16> = #by_id;
        static BY_CAPABILITY: Table<(u16, u16)> = #by_capability;
        static BY_SECRET: Table<u16> = #by_secret;
    };
    Generated { code, packed }
}

fn by_id(providers: &[Provider]) -> TokenStream {
    table(providers.iter().enumerate().map(|(at, one)| (one.id.as_str(), number(at))))
}

fn by_capability(providers: &[Provider]) -> TokenStream {
    table(providers.iter().enumerate().flat_map(|(at, one)| {
        let at = number(at);
        one.capabilities.iter().enumerate().map(move |(within, capability)| {
            let within = number(within);
            (capability.id.as_str(), quote!((#at, #within)))
        })
    }))
}

fn by_secret(providers: &[Provider]) -> TokenStream {
    table(
        providers
            .iter()
            .enumerate()
            .flat_map(|(at, one)| one.secrets.iter().map(move |claim| (claim.name.as_str(), number(at)))),
    )
}

/// A position in the registry. More than the table's type holds do not compile.
fn number(at: usize) -> TokenStream {
    Literal::usize_unsuffixed(at).to_token_stream()
}

/// Names are not in it: who looks one up compares with what is found.
fn table<'a>(entries: impl Iterator<Item = (&'a str, TokenStream)>) -> TokenStream {
    let (names, values): (Vec<&str>, Vec<TokenStream>) = entries.unzip();
    let phf_generator::HashState { key, disps, map } = phf_generator::generate_hash(&names);
    let disps = disps.iter().map(|(first, second)| {
        let (first, second) = (Literal::u32_unsuffixed(*first), Literal::u32_unsuffixed(*second));
        quote!((#first, #second))
    });
    let values = map.iter().map(|at| &values[*at]);
    quote!(Table { key: #key, displacements: &[#(#disps),*], values: &[#(#values),*] })
}
