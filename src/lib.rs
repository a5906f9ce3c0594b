pub mod plan;
pub mod policy;
pub mod registry;
pub mod spec;
