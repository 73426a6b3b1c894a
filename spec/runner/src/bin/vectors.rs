//! Makes `spec/vectors/all.json`.
fn main() {}
