//! The connections of the page: only so many at once, and none for longer than it is of use. Where too many
//! come, the one that has been idle for the longest gives way, so that who asks for something is heard.
//! Knows no route.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, HttpBody};
use axum::response::Response;
use hyper::body::{Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::time::Sleep;

/// A whole request comes within this time, the first on a connection and every further one.
pub const READ_TIMEOUT: Duration = Duration::from_secs(10);
/// Who takes nothing of what is sent for so long is gone.
const STALLED: Duration = Duration::from_secs(30);
/// At most so many at once: a few for each page that is open.
const MAX_CONNECTIONS: usize = 128;
/// And no more than one in so many of the files that this process may have open: the watch needs the others.
const SHARE: u64 = 4;
/// The most that is held of a request's head, in bytes.
const MAX_HEAD: usize = 64 << 10;
/// Before it is tried again to take a connection.
const PAUSE: Duration = Duration::from_millis(100);

/// Serves until it is dropped, whatever comes.
pub async fn serve(listener: TcpListener, router: Router) {
    let crowd = Arc::new(Crowd::default());
    let most = most();
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                crowd.room(most).await;
                tokio::spawn(connection(stream, router.clone(), Place::new(&crowd)));
            }
            Err(_) => {
                // It was gone already, or there is no file left for it.
                crowd.send_away();
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

/// How many connections there may be at once.
pub fn most() -> usize {
    let files = files().unwrap_or(u64::MAX);
    usize::try_from(files / SHARE).map_or(MAX_CONNECTIONS, |share| share.clamp(2, MAX_CONNECTIONS))
}

/// How many files this process may have open; `None` if there is no end or nobody says.
#[cfg(target_os = "linux")]
fn files() -> Option<u64> {
    rustix::process::getrlimit(rustix::process::Resource::Nofile).current
}

#[cfg(not(target_os = "linux"))]
fn files() -> Option<u64> {
    // What macOS gives a process that asks for nothing else.
    Some(256)
}

async fn connection(stream: TcpStream, router: Router, place: Arc<Place>) {
    let router = TowerToHyperService::new(router);
    let answering = Arc::clone(&place);
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let busy = Busy::new(&answering);
        let response = router.call(request);
        async move {
            let response: Response = response.await?;
            Ok::<_, Infallible>(response.map(|body| Held { body, _busy: busy }))
        }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(READ_TIMEOUT)
        .max_buf_size(MAX_HEAD)
        .serve_connection(TokioIo::new(Steady::new(stream, STALLED)), service);
    tokio::select! {
        // What is wrong with a connection concerns nobody else.
        _ = served => {}
        () = place.sent_away.notified() => {}
    }
}

/// All connections.
#[derive(Default)]
struct Crowd {
    inner: Mutex<Inner>,
    /// One left, or has nothing to do any more.
    stirred: Notify,
}

#[derive(Default)]
struct Inner {
    count: usize,
    /// Counts up, so that the smallest stamp is the oldest.
    stamp: u64,
    /// Those that wait for a request, by the time since when they do.
    idle: BTreeMap<u64, Arc<Notify>>,
}

impl Crowd {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until there is room for one more; whoever is idle for the longest makes it.
    async fn room(&self, most: usize) {
        while self.lock().count >= most {
            let stirred = self.stirred.notified();
            self.send_away();
            stirred.await;
        }
    }

    /// Ends the connection that has been idle for the longest.
    fn send_away(&self) {
        if let Some((_, sent_away)) = self.lock().idle.pop_first() {
            sent_away.notify_one();
        }
    }
}

/// The place of one connection in the crowd; it is free again when this is dropped.
struct Place {
    crowd: Arc<Crowd>,
    /// Since when it is idle, if it is.
    idle_since: Mutex<Option<u64>>,
    sent_away: Arc<Notify>,
}

impl Place {
    fn new(crowd: &Arc<Crowd>) -> Arc<Self> {
        crowd.lock().count += 1;
        let place = Arc::new(Self {
            crowd: Arc::clone(crowd),
            idle_since: Mutex::default(),
            sent_away: Arc::default(),
        });
        place.set_idle(true);
        place
    }

    fn set_idle(&self, idle: bool) {
        let mut inner = self.crowd.lock();
        let mut since = self
            .idle_since
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(stamp) = since.take() {
            inner.idle.remove(&stamp);
        }
        if idle {
            inner.stamp += 1;
            let stamp = inner.stamp;
            inner.idle.insert(stamp, Arc::clone(&self.sent_away));
            *since = Some(stamp);
            self.crowd.stirred.notify_one();
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.set_idle(false);
        self.crowd.lock().count -= 1;
        self.crowd.stirred.notify_one();
    }
}

/// A request is being answered.
struct Busy(Arc<Place>);

impl Busy {
    fn new(place: &Arc<Place>) -> Self {
        place.set_idle(false);
        Self(Arc::clone(place))
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.set_idle(true);
    }
}

/// The body of an answer; the connection is busy until it is sent.
struct Held {
    body: Body,
    _busy: Busy,
}

impl HttpBody for Held {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A connection that ends when nothing of what is sent is taken any more.
struct Steady {
    stream: TcpStream,
    patience: Duration,
    /// Runs while something waits to be taken.
    stalled: Option<Pin<Box<Sleep>>>,
}

impl Steady {
    fn new(stream: TcpStream, patience: Duration) -> Self {
        Self {
            stream,
            patience,
            stalled: None,
        }
    }

    /// What came of writing, or that it waited for too long.
    fn within<T>(
        &mut self,
        context: &mut Context<'_>,
        written: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.stalled = None;
            return written;
        }
        let patience = self.patience;
        let sleep = || Box::pin(tokio::time::sleep(patience));
        match self
            .stalled
            .get_or_insert_with(sleep)
            .as_mut()
            .poll(context)
        {
            Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl AsyncRead for Steady {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Steady {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.within(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.within(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;
    use std::net::Ipv4Addr;
    use std::pin::Pin;
    use std::sync::Arc;
    use std::time::Duration;

    use tokio::io::AsyncWrite;
    use tokio::net::{TcpListener, TcpStream};

    use super::{Busy, Crowd, Place, Steady};

    fn run(work: impl Future<Output = ()>) {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.enable_all().build().unwrap().block_on(work);
    }

    #[test]
    fn who_reads_nothing_is_gone() {
        run(async {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
            let address = listener.local_addr().unwrap();
            let _reads_nothing = TcpStream::connect(address).await.unwrap();
            let (stream, _) = listener.accept().await.unwrap();
            let mut steady = Steady::new(stream, Duration::from_millis(50));
            let bytes = vec![0; 1 << 20];
            let error = loop {
                let written = std::future::poll_fn(|context| {
                    Pin::new(&mut steady).poll_write(context, &bytes)
                });
                if let Err(error) = written.await {
                    break error;
                }
            };
            assert_eq!(error.kind(), ErrorKind::TimedOut);
        });
    }

    #[test]
    fn the_one_that_is_idle_for_the_longest_gives_way_and_nobody_who_is_answered() {
        run(async {
            let crowd = Arc::new(Crowd::default());
            let [first, second, third] = [0; 3].map(|_| Place::new(&crowd));
            let answered = Busy::new(&first);
            drop(Busy::new(&second));
            let sent_away = Arc::clone(&third.sent_away);
            tokio::spawn(async move {
                sent_away.notified().await;
                drop(third);
            });
            crowd.room(3).await;
            assert_eq!(crowd.lock().count, 2);
            // Nobody is idle: it is waited for.
            let busy = Busy::new(&second);
            let waiting = tokio::time::timeout(Duration::from_millis(50), crowd.room(2));
            assert!(waiting.await.is_err());
            drop((busy, answered, first));
            crowd.room(2).await;
        });
    }
}
