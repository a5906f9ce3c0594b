//! Writes providers as Rust statics with perfect-hash look-ups.
//!
//! Every value goes through a `const fn from_static`, so that the compiler checks
//! again what the build has checked. Nothing here decides anything.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote};

use crate::spec::{
    Auth, Capability, DefaultHeader, Example, Grant, HostPattern, MethodSet, Part, PathPattern, Payload,
    Provider, Risk, Sdk, SecretClaim, Template,
};

/// The whole generated file.
#[must_use]
pub fn registry(providers: &[Provider]) -> TokenStream {
    let statics = providers.iter().map(provider);
    let names: Vec<Ident> = providers.iter().map(provider_ident).collect();
    let (by_id, by_capability, by_secret) =
        (by_id(providers), by_capability(providers), by_secret(providers));
    quote! {
        #(#statics)*
        static PROVIDERS: &[&Provider] = &[#(&#names),*];
        static BY_ID: phf::Map<&'static str, &'static Provider> = #by_id;
        static BY_CAPABILITY: phf::Map<&'static str, (&'static Provider, &'static Capability)> = #by_capability;
        static BY_SECRET: phf::Map<&'static str, &'static Provider> = #by_secret;
    }
}

fn by_id(providers: &[Provider]) -> TokenStream {
    let mut map = phf_codegen::Map::new();
    for one in providers {
        let name = provider_ident(one);
        map.entry(one.id.as_str(), quote!(&#name).to_string());
    }
    map.build().to_token_stream()
}

fn by_capability(providers: &[Provider]) -> TokenStream {
    let mut map = phf_codegen::Map::new();
    for one in providers {
        let (name, list) = (provider_ident(one), capabilities_ident(one));
        for (index, capability) in one.capabilities.iter().enumerate() {
            map.entry(capability.id.as_str(), quote!((&#name, &#list[#index])).to_string());
        }
    }
    map.build().to_token_stream()
}

fn by_secret(providers: &[Provider]) -> TokenStream {
    let mut map = phf_codegen::Map::new();
    for one in providers {
        let name = provider_ident(one);
        for claim in one.secrets.iter() {
            map.entry(claim.name.as_str(), quote!(&#name).to_string());
        }
    }
    map.build().to_token_stream()
}

fn shouting(text: &str) -> String {
    text.to_uppercase().replace('-', "_")
}

fn provider_ident(provider: &Provider) -> Ident {
    Ident::new(&format!("P_{}", shouting(provider.id.as_str())), Span::call_site())
}

fn capabilities_ident(provider: &Provider) -> Ident {
    format_ident!("C_{}", shouting(provider.id.as_str()))
}

fn provider(provider: &Provider) -> TokenStream {
    let Provider {
        id,
        name,
        category,
        docs,
        secrets,
        auth: scheme,
        private,
        headers,
        act_as,
        owned_parameters,
        sdk,
        capabilities,
    } = provider;
    let (ident, list, count) = (provider_ident(provider), capabilities_ident(provider), capabilities.len());
    let id = id.as_str();
    let secrets = secrets.iter().map(secret);
    let scheme = auth(scheme);
    let headers = headers.iter().map(header);
    let act_as = act_as.iter().map(|name| name.as_str());
    let owned_parameters = owned_parameters.iter().map(|name| text(name));
    let sdk = option(sdk.as_ref().map(self::sdk));
    let capabilities = capabilities.iter().map(capability);
    quote! {
        static #list: [Capability; #count] = [#(#capabilities),*];
        static #ident: Provider = Provider {
            id: ProviderId::from_static(#id),
            name: Cow::Borrowed(#name),
            category: Cow::Borrowed(#category),
            docs: Cow::Borrowed(#docs),
            secrets: Cow::Borrowed(&[#(#secrets),*]),
            auth: #scheme,
            private: #private,
            headers: Cow::Borrowed(&[#(#headers),*]),
            act_as: Cow::Borrowed(&[#(HeaderName::from_static(#act_as)),*]),
            owned_parameters: Cow::Borrowed(&[#(#owned_parameters),*]),
            sdk: #sdk,
            capabilities: Cow::Borrowed(&#list),
        };
    }
}

fn option(value: Option<TokenStream>) -> TokenStream {
    value.map_or(quote!(None), |value| quote!(Some(#value)))
}

fn text(text: &str) -> TokenStream {
    quote!(Cow::Borrowed(#text))
}

fn pairs(pairs: &[(crate::spec::Text, crate::spec::Text)]) -> TokenStream {
    let (names, values): (Vec<_>, Vec<_>) = pairs.iter().map(|(a, b)| (a.as_ref(), b.as_ref())).unzip();
    quote!(Cow::Borrowed(&[#((Cow::Borrowed(#names), Cow::Borrowed(#values))),*]))
}

fn secret(claim: &SecretClaim) -> TokenStream {
    let SecretClaim { name, placeholder, help, pattern, identifier } = claim;
    let name = name.as_str();
    let help = option(help.as_deref().map(text));
    let pattern = option(pattern.as_deref().map(text));
    quote! {
        SecretClaim {
            name: SecretName::from_static(#name),
            placeholder: Cow::Borrowed(#placeholder),
            help: #help,
            pattern: #pattern,
            identifier: #identifier,
        }
    }
}

fn template(template: &Template) -> TokenStream {
    let parts = template.parts().iter().map(|part| match part {
        Part::Literal(text) => quote!(Part::Literal(Cow::Borrowed(#text))),
        Part::Placeholder(name) => quote!(Part::Placeholder(Cow::Borrowed(#name))),
    });
    quote!(Template::from_static(&[#(#parts),*]))
}

fn auth(auth: &Auth) -> TokenStream {
    match auth {
        Auth::Headers(list) => {
            let entries = list.iter().map(|(name, value)| {
                let (name, value) = (name.as_str(), template(value));
                quote!((HeaderName::from_static(#name), #value))
            });
            quote!(Auth::Headers(Cow::Borrowed(&[#(#entries),*])))
        }
        Auth::Query(list) => {
            let entries = list.iter().map(|(name, value)| {
                let value = template(value);
                quote!((Cow::Borrowed(#name), #value))
            });
            quote!(Auth::Query(Cow::Borrowed(&[#(#entries),*])))
        }
        Auth::Path { segment, after } => {
            let segment = template(segment);
            quote!(Auth::Path { segment: #segment, after: Cow::Borrowed(&[#(Cow::Borrowed(#after)),*]) })
        }
        Auth::Basic { username, password } => {
            let (username, password) = (template(username), template(password));
            quote!(Auth::Basic { username: #username, password: #password })
        }
        Auth::Described { scheme, templates } => {
            let templates = templates.iter().map(template);
            quote! {
                Auth::Described { scheme: Cow::Borrowed(#scheme), templates: Cow::Borrowed(&[#(#templates),*]) }
            }
        }
    }
}

fn header(header: &DefaultHeader) -> TokenStream {
    let DefaultHeader { name, value, allow } = header;
    let name = name.as_str();
    quote! {
        DefaultHeader {
            name: HeaderName::from_static(#name),
            value: Cow::Borrowed(#value),
            allow: Cow::Borrowed(&[#(Cow::Borrowed(#allow)),*]),
        }
    }
}

fn sdk(sdk: &Sdk) -> TokenStream {
    let base_url_env = option(sdk.base_url_env.as_deref().map(text));
    let base_path = &sdk.base_path;
    quote!(Sdk { base_url_env: #base_url_env, base_path: Cow::Borrowed(#base_path) })
}

fn capability(capability: &Capability) -> TokenStream {
    let Capability { id, summary, host, mirrors, risk, grants, example: shown } = capability;
    let (id, host) = (id.as_str(), host.as_str());
    let risk = match risk {
        Risk::Read => quote!(Risk::Read),
        Risk::Write => quote!(Risk::Write),
        Risk::Spend => quote!(Risk::Spend),
        Risk::Admin => quote!(Risk::Admin),
    };
    let mirrors = mirrors.iter().map(HostPattern::as_str);
    let grants = grants.iter().map(grant);
    let shown = example(shown);
    quote! {
        Capability {
            id: CapabilityId::from_static(#id),
            summary: Cow::Borrowed(#summary),
            host: HostPattern::from_static(#host),
            mirrors: Cow::Borrowed(&[#(HostPattern::from_static(#mirrors)),*]),
            risk: #risk,
            grants: Cow::Borrowed(&[#(#grants),*]),
            example: #shown,
        }
    }
}

fn grant(grant: &Grant) -> TokenStream {
    let methods = methods(grant.methods);
    let paths = grant.paths.iter().map(path);
    quote!(Grant { methods: #methods, paths: Cow::Borrowed(&[#(#paths),*]) })
}

fn methods(set: MethodSet) -> TokenStream {
    let methods = set.iter().map(method);
    quote!(MethodSet::of(&[#(#methods),*]))
}

fn method(method: crate::spec::Method) -> TokenStream {
    let name = format_ident!("{}", format!("{method:?}"));
    quote!(Method::#name)
}

fn path(pattern: &PathPattern) -> TokenStream {
    let text = pattern.as_str();
    quote!(PathPattern::from_static(#text))
}

fn example(example: &Example) -> TokenStream {
    let Example { method: verb, path, headers, payload } = example;
    let (verb, headers) = (method(*verb), pairs(headers));
    let payload = match payload {
        Payload::None => quote!(Payload::None),
        Payload::Json(json) => quote!(Payload::Json(Cow::Borrowed(#json))),
        Payload::Form(form) => {
            let form = pairs(form);
            quote!(Payload::Form(#form))
        }
        Payload::Multipart { fields, files } => {
            let (fields, files) = (pairs(fields), pairs(files));
            quote!(Payload::Multipart { fields: #fields, files: #files })
        }
        Payload::File(name) => quote!(Payload::File(Cow::Borrowed(#name))),
    };
    quote!(Example { method: #verb, path: Cow::Borrowed(#path), headers: #headers, payload: #payload })
}
