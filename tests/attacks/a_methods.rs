//! A9 and A10: methods and the case of a path, and what would have another request read in place of this one.

use crate::case::{Case, Name, Refused, call, names as names_of, refused};
use crate::stage::Stage;

const CHAT: &str = "openai/chat-completions";
const PATH: &str = "/v1/chat/completions";

const METHODS: &[&str] = &[
    "get",
    "Get",
    "gET",
    " GET",
    "GET ",
    "GET\t",
    "\tGET",
    "GET\0",
    "GET\r\n",
    "CONNECT",
    "TRACE",
    "TRACK",
    "PRI",
    "DEBUG",
    "PROPFIND",
    "QUERY",
    "SEARCH",
    "M-SEARCH",
    "PURGE",
    "LINK",
    "*",
    "",
    "G\u{0415}T",
    "\u{ff27}ET",
    "G%45T",
    "DELETE",
    "PUT",
    "PATCH",
    "HEAD",
    "OPTIONS",
    "POST GET",
    "GET,DELETE",
    "GET /v1/files HTTP/1.1\r\nx:",
];

const CASES_OF_PATHS: &[&str] =
    &["/V1/chat/completions", "/v1/Chat/completions", "/v1/chat/COMPLETIONS", "/v1/chat/completion\u{53}"];

const OVERRIDES: &[&str] = &[
    "x-http-method-override",
    "X-HTTP-Method",
    "X-Method-Override",
    "x_http_method_override",
    "X-HTTP-Method_Override",
    "x-http-method-override.",
    "x-original-url",
    "X-Original-URI",
    "x_original_url",
    "x-original-path",
    "X-Rewrite-URL",
    "x_rewrite_url",
    "x-override-url",
    "x-http-path-override",
    "x-original-method",
    "x-original-host",
    "x-host",
    "x-http-host-override",
    "x-forwarded",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-port",
    "x-forwarded-proto",
    "x-forwarded-prefix",
    "x-forwarded-path",
    "x-forwarded-uri",
    "x-forwarded-server",
    "x-forwarded-client-cert",
    "X_Forwarded_For",
    "x-original-forwarded-for",
    "forwarded",
    "Forwarded",
    "via",
    "client-ip",
    "true-client-ip",
    "x-real-ip",
    "cf-connecting-ip",
    "cf-connecting-ipv6",
    "fastly-client-ip",
    "fly-client-ip",
    "x-azure-clientip",
    "x-envoy-original-path",
    "x-envoy-external-address",
    "max-forwards",
    "proxy",
];

const OVERRIDING_PARAMETERS: &[&str] = &[
    "_method=DELETE",
    "_METHOD=DELETE",
    "%5Fmethod=DELETE",
    "_method[]=DELETE",
    "a=b;_method=DELETE",
    "$httpMethod=DELETE",
    "%24httpMethod=DELETE",
    "$httpHeaders=authorization:x",
    "x-http-method-override=DELETE",
    "X_HTTP_METHOD_OVERRIDE=DELETE",
    "http_method_override=DELETE",
];

fn cases() -> Vec<Case<Refused>> {
    let methods =
        METHODS.iter().map(|method| refused("A9", method, call(CHAT, method, PATH), "capability.method"));
    let paths =
        CASES_OF_PATHS.iter().map(|path| refused("A9", path, call(CHAT, "GET", path), "capability.path"));
    let overrides = OVERRIDES.iter().map(|name| {
        let mut call = call(CHAT, "GET", PATH);
        call.headers.push(((*name).to_owned(), "/v1/files".to_owned()));
        refused("A10", name, call, "header.not_allowed")
    });
    let parameters = OVERRIDING_PARAMETERS.iter().map(|query| {
        refused("A10", query, call(CHAT, "GET", &format!("{PATH}?{query}")), "query.not_allowed")
    });
    methods.chain(paths).chain(overrides).chain(parameters).collect()
}

pub fn names() -> Vec<Name> {
    names_of(&cases())
}

#[test]
fn other_methods_and_overrides_are_refused() {
    Stage::new().refuse(&cases());
}
