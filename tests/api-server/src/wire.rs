//! The body of an answer as steps: bytes, pauses, a break. Knows no JSON.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::time::Sleep;

use crate::service::Visit;

/// Bytes of a repeated step.
const BLOCK: usize = 64 * 1024;

/// One step of a body.
#[derive(Debug)]
pub(crate) enum Step {
    /// These bytes.
    Data(Bytes),
    /// Nothing for so long.
    Pause(Duration),
    /// What was given before goes out now.
    Flush,
    /// The connection is closed.
    Break,
    /// Nothing, ever.
    Stall,
    /// That byte, without an end.
    Forever(u8),
}

/// A body, and the visit that ends with it.
#[derive(Debug)]
pub(crate) struct Steps {
    steps: VecDeque<Step>,
    length: Option<u64>,
    sleep: Option<Pin<Box<Sleep>>>,
    visit: Option<Visit>,
}

impl Steps {
    /// A body of these bytes, whole.
    pub(crate) fn whole(bytes: Vec<u8>, visit: Option<Visit>) -> Self {
        let length = u64::try_from(bytes.len()).ok();
        let steps = if bytes.is_empty() {
            Vec::new()
        } else {
            vec![Step::Data(Bytes::from(bytes))]
        };
        Self::new(steps, length, visit)
    }

    /// A body of these steps; `length` is what the head promises, `None` for chunks.
    pub(crate) fn new(steps: Vec<Step>, length: Option<u64>, visit: Option<Visit>) -> Self {
        let mut body = Self {
            steps: steps.into(),
            length,
            sleep: None,
            visit,
        };
        body.finish_if_done();
        body
    }

    fn finish_if_done(&mut self) {
        if self.steps.is_empty()
            && let Some(visit) = self.visit.take()
        {
            visit.finish();
        }
    }
}

impl Body for Steps {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        loop {
            if let Some(sleep) = &mut self.sleep {
                ready!(sleep.as_mut().poll(cx));
                self.sleep = None;
            }
            let data = match self.steps.pop_front() {
                None => return Poll::Ready(None),
                Some(Step::Pause(time)) => {
                    self.sleep = Some(Box::pin(tokio::time::sleep(time)));
                    continue;
                }
                Some(Step::Flush) => {
                    // The connection writes what it holds when a body has nothing for it.
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                Some(Step::Break) => {
                    return Poll::Ready(Some(Err(io::ErrorKind::ConnectionReset.into())));
                }
                Some(Step::Stall) => {
                    self.steps.push_front(Step::Stall);
                    return Poll::Pending;
                }
                Some(Step::Forever(byte)) => {
                    self.steps.push_front(Step::Forever(byte));
                    Bytes::from(vec![byte; BLOCK])
                }
                Some(Step::Data(bytes)) => bytes,
            };
            self.finish_if_done();
            return Poll::Ready(Some(Ok(Frame::data(data))));
        }
    }

    fn is_end_stream(&self) -> bool {
        self.steps.is_empty() && self.sleep.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        self.length.map(SizeHint::with_exact).unwrap_or_default()
    }
}
