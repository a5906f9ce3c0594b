//! Writes providers as Rust statics with perfect-hash look-ups, and their texts as one table.
//!
//! Every value goes through a `const fn`, so that the compiler checks again what the build has
//! checked. Nothing here decides anything.

use std::cell::RefCell;
use std::collections::HashMap;

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{ToTokens, format_ident, quote};

use crate::spec::{
    Auth, Capability, DefaultHeader, Example, Grant, HostPattern, MethodSet, Part, PathPattern, Payload,
    Provider, Risk, Sdk, SecretClaim, Template, Text,
};

/// What is generated: the statics, and the table that their texts are places in.
pub struct Generated {
    pub code: TokenStream,
    pub texts: String,
}

/// The whole registry.
#[must_use]
pub fn registry(providers: &[Provider]) -> Generated {
    let emitter = Emitter::default();
    let statics = providers.iter().map(|one| emitter.provider(one)).collect::<Vec<_>>();
    let names: Vec<Ident> = providers.iter().map(provider_ident).collect();
    let (by_id, by_capability, by_secret) =
        (by_id(providers), by_capability(providers), by_secret(providers));
    let code = quote! {
        #(#statics)*
        static PROVIDERS: &[&Provider] = &[#(&#names),*];
        static BY_ID: phf::Map<&'static str, u16> = #by_id;
        static BY_CAPABILITY: phf::Map<&'static str, (u16, u16)> = #by_capability;
        static BY_SECRET: phf::Map<&'static str, u16> = #by_secret;
    };
    Generated { code, texts: emitter.texts.into_inner().all }
}

/// All texts so far, each once, and where it is.
#[derive(Default)]
struct Texts {
    all: String,
    places: HashMap<String, usize>,
}

#[derive(Default)]
struct Emitter {
    texts: RefCell<Texts>,
}

fn by_id(providers: &[Provider]) -> TokenStream {
    let mut map = phf_codegen::Map::new();
    for (at, one) in providers.iter().enumerate() {
        map.entry(one.id.as_str(), number(at));
    }
    map.build().to_token_stream()
}

fn by_capability(providers: &[Provider]) -> TokenStream {
    let mut map = phf_codegen::Map::new();
    for (at, one) in providers.iter().enumerate() {
        for (within, capability) in one.capabilities.iter().enumerate() {
            map.entry(capability.id.as_str(), format!("({}, {})", number(at), number(within)));
        }
    }
    map.build().to_token_stream()
}

fn by_secret(providers: &[Provider]) -> TokenStream {
    let mut map = phf_codegen::Map::new();
    for (at, one) in providers.iter().enumerate() {
        for claim in one.secrets.iter() {
            map.entry(claim.name.as_str(), number(at));
        }
    }
    map.build().to_token_stream()
}

/// A position in the registry; more than fit do not compile.
fn number(at: usize) -> String {
    format!("{at}u16")
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

impl Emitter {
    /// The place of a text in the table, as the arguments of a `kept`.
    fn place(&self, text: &str) -> TokenStream {
        let mut texts = self.texts.borrow_mut();
        let at = match texts.places.get(text) {
            Some(at) => *at,
            None => {
                let at = texts.all.len();
                texts.all.push_str(text);
                texts.places.insert(text.to_owned(), at);
                at
            }
        };
        let (at, len) = (Literal::usize_unsuffixed(at), Literal::usize_unsuffixed(text.len()));
        quote!(#at, #len)
    }

    fn text(&self, text: &str) -> TokenStream {
        let place = self.place(text);
        quote!(Text::kept(#place))
    }

    /// A text of a type that checks it.
    fn name(&self, kind: &str, text: &str) -> TokenStream {
        let (kind, place) = (format_ident!("{kind}"), self.place(text));
        quote!(#kind::kept(#place))
    }

    fn list<T>(&self, items: &[T], one: impl Fn(&T) -> TokenStream) -> TokenStream {
        let items = items.iter().map(one);
        quote!(Cow::Borrowed(&[#(#items),*]))
    }

    fn pairs(&self, pairs: &[(Text, Text)]) -> TokenStream {
        self.list(pairs, |(name, value)| {
            let (name, value) = (self.text(name), self.text(value));
            quote!((#name, #value))
        })
    }

    fn provider(&self, provider: &Provider) -> TokenStream {
        let Provider {
            id,
            name,
            category,
            docs,
            secrets,
            auth,
            private,
            headers,
            act_as,
            owned_parameters,
            sdk,
            capabilities,
        } = provider;
        let (ident, list, count) =
            (provider_ident(provider), capabilities_ident(provider), capabilities.len());
        let id = self.name("ProviderId", id.as_str());
        let (name, category, docs) = (self.text(name), self.text(category), self.text(docs));
        let secrets = self.list(secrets, |claim| self.secret(claim));
        let auth = self.auth(auth);
        let headers = self.list(headers, |header| self.header(header));
        let act_as = self.list(act_as, |name| self.name("HeaderName", name.as_str()));
        let owned_parameters = self.list(owned_parameters, |name| self.text(name));
        let sdk = option(sdk.as_ref().map(|sdk| self.sdk(sdk)));
        let capabilities = capabilities.iter().map(|capability| self.capability(capability));
        quote! {
            static #list: [Capability; #count] = [#(#capabilities),*];
            static #ident: Provider = Provider {
                id: #id,
                name: #name,
                category: #category,
                docs: #docs,
                secrets: #secrets,
                auth: #auth,
                private: #private,
                headers: #headers,
                act_as: #act_as,
                owned_parameters: #owned_parameters,
                sdk: #sdk,
                capabilities: Cow::Borrowed(&#list),
            };
        }
    }

    fn secret(&self, claim: &SecretClaim) -> TokenStream {
        let SecretClaim { name, placeholder, help, pattern, identifier } = claim;
        let name = self.name("SecretName", name.as_str());
        let placeholder = self.text(placeholder);
        let help = option(help.as_deref().map(|help| self.text(help)));
        let pattern = option(pattern.as_deref().map(|pattern| self.text(pattern)));
        quote! {
            SecretClaim {
                name: #name,
                placeholder: #placeholder,
                help: #help,
                pattern: #pattern,
                identifier: #identifier,
            }
        }
    }

    fn template(&self, template: &Template) -> TokenStream {
        let parts = template.parts().iter().map(|part| match part {
            Part::Literal(text) => {
                let text = self.text(text);
                quote!(Part::Literal(#text))
            }
            Part::Placeholder(name) => {
                let name = self.text(name);
                quote!(Part::Placeholder(#name))
            }
        });
        quote!(Template::from_static(const { &[#(#parts),*] }))
    }

    fn auth(&self, auth: &Auth) -> TokenStream {
        match auth {
            Auth::Headers(list) => {
                let entries = self.list(list, |(name, value)| {
                    let (name, value) = (self.name("HeaderName", name.as_str()), self.template(value));
                    quote!((#name, #value))
                });
                quote!(Auth::Headers(#entries))
            }
            Auth::Query(list) => {
                let entries = self.list(list, |(name, value)| {
                    let (name, value) = (self.text(name), self.template(value));
                    quote!((#name, #value))
                });
                quote!(Auth::Query(#entries))
            }
            Auth::Path { segment, after } => {
                let (segment, after) = (self.template(segment), self.list(after, |text| self.text(text)));
                quote!(Auth::Path { segment: #segment, after: #after })
            }
            Auth::Basic { username, password } => {
                let (username, password) = (self.template(username), self.template(password));
                quote!(Auth::Basic { username: #username, password: #password })
            }
            Auth::Described { scheme, templates } => {
                let scheme = self.text(scheme);
                let templates = self.list(templates, |template| self.template(template));
                quote!(Auth::Described { scheme: #scheme, templates: #templates })
            }
        }
    }

    fn header(&self, header: &DefaultHeader) -> TokenStream {
        let DefaultHeader { name, value, allow } = header;
        let (name, value) = (self.name("HeaderName", name.as_str()), self.text(value));
        let allow = self.list(allow, |text| self.text(text));
        quote!(DefaultHeader { name: #name, value: #value, allow: #allow })
    }

    fn sdk(&self, sdk: &Sdk) -> TokenStream {
        let base_url_env = option(sdk.base_url_env.as_deref().map(|name| self.text(name)));
        let base_path = self.text(&sdk.base_path);
        quote!(Sdk { base_url_env: #base_url_env, base_path: #base_path })
    }

    fn capability(&self, capability: &Capability) -> TokenStream {
        let Capability { id, summary, host, mirrors, risk, grants, example } = capability;
        let id = self.name("CapabilityId", id.as_str());
        let (summary, host) = (self.text(summary), self.host(host));
        let mirrors = self.list(mirrors, |host| self.host(host));
        let risk = risk_of(*risk);
        let grants = self.list(grants, |grant| self.grant(grant));
        let example = self.example(example);
        quote! {
            Capability {
                id: #id,
                summary: #summary,
                host: #host,
                mirrors: #mirrors,
                risk: #risk,
                grants: #grants,
                example: #example,
            }
        }
    }

    fn host(&self, host: &HostPattern) -> TokenStream {
        self.name("HostPattern", host.as_str())
    }

    fn grant(&self, grant: &Grant) -> TokenStream {
        let methods = methods(grant.methods);
        let paths = self.list(&grant.paths, |path| self.path(path));
        quote!(Grant { methods: #methods, paths: #paths })
    }

    fn path(&self, pattern: &PathPattern) -> TokenStream {
        self.name("PathPattern", pattern.as_str())
    }

    fn example(&self, example: &Example) -> TokenStream {
        let Example { method: verb, path, headers, payload } = example;
        let (verb, path, headers) = (method(*verb), self.text(path), self.pairs(headers));
        let payload = match payload {
            Payload::None => quote!(Payload::None),
            Payload::Json(json) => {
                let json = self.text(json);
                quote!(Payload::Json(#json))
            }
            Payload::Form(form) => {
                let form = self.pairs(form);
                quote!(Payload::Form(#form))
            }
            Payload::Multipart { fields, files } => {
                let (fields, files) = (self.pairs(fields), self.pairs(files));
                quote!(Payload::Multipart { fields: #fields, files: #files })
            }
            Payload::File(name) => {
                let name = self.text(name);
                quote!(Payload::File(#name))
            }
        };
        quote!(Example { method: #verb, path: #path, headers: #headers, payload: #payload })
    }
}

fn option(value: Option<TokenStream>) -> TokenStream {
    value.map_or(quote!(None), |value| quote!(Some(#value)))
}

fn risk_of(risk: Risk) -> TokenStream {
    match risk {
        Risk::Read => quote!(Risk::Read),
        Risk::Write => quote!(Risk::Write),
        Risk::Spend => quote!(Risk::Spend),
        Risk::Admin => quote!(Risk::Admin),
    }
}

fn methods(set: MethodSet) -> TokenStream {
    let methods = set.iter().map(method);
    quote!(MethodSet::of(&[#(#methods),*]))
}

fn method(method: crate::spec::Method) -> TokenStream {
    let name = format_ident!("{}", format!("{method:?}"));
    quote!(Method::#name)
}
