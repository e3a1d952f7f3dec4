//! The time of day, for what people are told while it lasts. Nothing is decided by it, and none of it is kept.

/// Milliseconds since 1970.
#[expect(clippy::disallowed_methods, reason = "shown to people, nothing else")]
pub fn now() -> i64 {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |d| i64::try_from(d.as_millis()).unwrap_or(i64::MAX))
}
