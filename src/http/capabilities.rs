//! `GET /aivault/capabilities`: what this caller may use now, each with an example.

use axum::body::Body;
use axum::response::Response;
use http::Request;
use serde::Serialize;

use super::door::House;
use super::refusal;
use super::router::{Known, json, own_head};
use crate::service::{OfferView, ServiceError};

#[derive(Serialize)]
struct Offers {
    capabilities: Vec<OfferView>,
}

pub(super) fn serve(house: &House, known: &Known, request: &Request<Body>) -> Response {
    match offers(house, known, request) {
        Ok(capabilities) => json(&Offers { capabilities }),
        Err(error) => refusal::plain(&error),
    }
}

fn offers(house: &House, known: &Known, request: &Request<Body>) -> Result<Vec<OfferView>, ServiceError> {
    let mut head = own_head(request, false)?;
    let caller = known.caller(&house.local, &mut head, None)?;
    house.local.offers(&caller)
}
