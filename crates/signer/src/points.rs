//! The moments between a request and its answer. Tests end the process at each of them; without the feature `testing` nothing
//! happens there.

/// A moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Point {
    /// Requests were taken from the queue.
    Received,
    /// The policy allowed one.
    Decided,
    /// Its reservation stands in the transaction.
    Inserted,
    /// The transaction is complete, and not durable.
    BeforeCommit,
    /// It is durable.
    AfterCommit,
    /// A reservation is about to be signed.
    BeforeSignature,
    /// The signature exists, and nobody has it.
    BeforeAnswer,
    /// The asker has it.
    AfterAnswer,
}

impl Point {
    /// All of them, in order.
    pub const ALL: [Self; 8] = [
        Self::Received,
        Self::Decided,
        Self::Inserted,
        Self::BeforeCommit,
        Self::AfterCommit,
        Self::BeforeSignature,
        Self::BeforeAnswer,
        Self::AfterAnswer,
    ];
}

#[cfg(feature = "testing")]
static HOOK: std::sync::OnceLock<fn(Point)> = std::sync::OnceLock::new();

/// Has `hook` called at every point, from now on; only the first hook counts.
#[cfg(feature = "testing")]
pub fn hook(hook: fn(Point)) {
    let _ = HOOK.set(hook);
}

#[cfg(feature = "testing")]
pub(crate) fn reached(point: Point) {
    if let Some(hook) = HOOK.get() {
        hook(point);
    }
}

#[cfg(not(feature = "testing"))]
pub(crate) const fn reached(_: Point) {}

#[cfg(feature = "testing")]
static BESIDE: std::sync::OnceLock<Runs> = std::sync::OnceLock::new();

/// Runs what it is given, beside its caller.
#[cfg(feature = "testing")]
pub type Runs = fn(Box<dyn FnOnce() + Send>);

/// Has signatures made by `run` instead of tokio's threads, from now on.
#[cfg(feature = "testing")]
pub fn sign_beside(run: Runs) {
    let _ = BESIDE.set(run);
}

/// Runs `work` beside the task.
pub(crate) fn beside(work: impl FnOnce() + Send + 'static) {
    #[cfg(feature = "testing")]
    if let Some(run) = BESIDE.get() {
        return run(Box::new(work));
    }
    tokio::task::spawn_blocking(work);
}
