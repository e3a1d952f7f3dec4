//! What is wrong with the certificate of a host, in words. Knows no requests.

use std::error::Error;
use std::io;

use rustls::CertificateError;

/// What is wrong with the certificate that `host` showed, and what to do, if that is what an error is about.
pub fn problem(error: &(dyn Error + 'static), host: &str) -> Option<String> {
    let (what, todo) = match certificate(error)? {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => (
            "has expired",
            "look whether the clock of this machine is right; else who runs the host has to renew it",
        ),
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => (
            "is not valid yet",
            "look whether the clock of this machine is right",
        ),
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => (
            "is for another name",
            "look whether the base URL is right, and whether a proxy or a login page answers in its place",
        ),
        CertificateError::UnknownIssuer => (
            "is from an issuer that this machine does not know",
            "if a proxy of your company opens connections, add its CA to the system, or name the file with it in `SSL_CERT_FILE`",
        ),
        CertificateError::Revoked => ("was revoked", "ask who runs the host"),
        other => {
            return Some(format!(
                "the certificate of `{host}` is not accepted ({other}); ask who runs the host"
            ));
        }
    };
    Some(format!("the certificate of `{host}` {what}; {todo}"))
}

/// The innermost error, if it is about a certificate; an error of a connection keeps it inside.
fn certificate<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e CertificateError> {
    if let Some(rustls::Error::InvalidCertificate(problem)) = error.downcast_ref() {
        return Some(problem);
    }
    let held = error
        .downcast_ref::<io::Error>()
        .and_then(io::Error::get_ref)
        .and_then(|held| certificate(held));
    held.or_else(|| certificate(error.source()?))
}
