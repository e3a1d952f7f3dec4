//! What asks this process to end: ctrl-c, a terminal that is closed, and being told to by the system. Knows
//! nothing of what is being done meanwhile.

#[cfg(unix)]
use std::path::Path;
#[cfg(unix)]
use std::sync::atomic::{AtomicBool, Ordering};

#[cfg(unix)]
use base::fs::read_bounded;

/// More than a system says of a process, in bytes.
#[cfg(unix)]
const MAX_STATUS: u64 = 64 << 10;

/// This process left its terminal behind.
#[cfg(unix)]
static HAS_NO_TERMINAL: AtomicBool = AtomicBool::new(false);

/// From here on nothing that becomes of a terminal ends this process.
#[cfg(unix)]
pub fn outlive_terminal() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    HAS_NO_TERMINAL.store(true, Ordering::SeqCst);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    // Heard once, the system's own answer to it is off for good, even if nobody listens any more.
    runtime.block_on(async { signal(SignalKind::hangup()).map(drop) })
}

/// Hears signals; made inside a runtime, and from then on the system's own answer to them is off.
#[cfg(unix)]
pub struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
    /// The terminal is gone, or the connection to it; none where that is to be outlived.
    hang_up: Option<tokio::signal::unix::Signal>,
    /// It did go.
    hung_up: bool,
    /// A file grew to its limit: with the signal heard, it is an error of that one write, and not the end of
    /// all that was paid for and is on its way.
    _file_size: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    /// Begins to listen.
    pub fn new() -> std::io::Result<Self> {
        use rustix::process::Signal;
        use tokio::signal::unix::{SignalKind, signal};
        let hang_up = (!outlives_its_terminal()).then(|| signal(SignalKind::hangup()));
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: hang_up.transpose()?,
            hung_up: false,
            _file_size: signal(SignalKind::from_raw(Signal::XFSZ.as_raw()))?,
        })
    }

    /// Waits until this process is asked to end.
    pub async fn next(&mut self) {
        let hung_up = async {
            match &mut self.hang_up {
                Some(hang_up) => drop(hang_up.recv().await),
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            () = hung_up => self.hung_up = true,
        }
    }

    /// Waits until it is asked to end once more, now. A terminal that goes asks by several signals, and nobody
    /// meant them as several.
    pub async fn again(&mut self) {
        let asked = if self.hung_up { 2 } else { 1 };
        for _ in 0..asked {
            tokio::select! {
                _ = self.interrupt.recv() => {}
                _ = self.terminate.recv() => {}
            }
        }
    }
}

/// Whether somebody started this so that it goes on without its terminal: `nohup gpbuild`. Asked for once, before
/// anything is heard here. Where the system does not say, it ends as it does for ctrl-c.
#[cfg(unix)]
fn outlives_its_terminal() -> bool {
    if HAS_NO_TERMINAL.load(Ordering::SeqCst) {
        return true;
    }
    static OUTLIVES: std::sync::LazyLock<bool> = std::sync::LazyLock::new(|| {
        let status = read_bounded(Path::new("/proc/self/status"), MAX_STATUS).unwrap_or_default();
        let status = String::from_utf8_lossy(&status);
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
        mask.is_some_and(|mask| mask & 1 == 1)
    });
    *OUTLIVES
}

/// Hears signals.
#[cfg(not(unix))]
pub struct Signals;

#[cfg(not(unix))]
impl Signals {
    /// Begins to listen.
    pub fn new() -> std::io::Result<Self> {
        Ok(Self)
    }

    /// Waits until this process is asked to end.
    pub async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Waits until it is asked to end once more, now.
    pub async fn again(&mut self) {
        self.next().await;
    }
}
