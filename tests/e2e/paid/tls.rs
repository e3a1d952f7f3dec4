//! A connection that fails because of a certificate says of which host, what is wrong with it, and what to do.
//! `tests/e2e/tls` holds a CA and what it signed: for `localhost` and in time, too late, too early, for
//! another name.

use std::io::Read;
use std::net::TcpListener;
use std::sync::Arc;

use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::paid::Paid;
use crate::process::all_at_once;
use crate::project::Run;

const KEY: &[u8] = include_bytes!("../tls/leaf.key.der");

/// Shakes hands with whoever comes, on the port that comes back, and answers nothing.
fn server(certificate: &'static [u8]) -> u16 {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![CertificateDer::from(certificate)],
            PrivateKeyDer::try_from(KEY).unwrap(),
        )
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut stream = StreamOwned::new(connection, stream);
            let _ = stream.read(&mut [0; 1]);
        }
    });
    port
}

fn build(certificate: &'static [u8], is_known: bool) -> String {
    let paid = Paid::one();
    let mut command = paid.command(&["build", "--yes"]);
    let url = format!("https://localhost:{}/v1", server(certificate));
    command.env("OPENAI_BASE_URL", url);
    if is_known {
        let ca = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/e2e/tls/ca.pem");
        command.env("SSL_CERT_FILE", ca);
    }
    let run = Run::of(command.output().unwrap());
    assert_eq!(paid.accepted(), 0);
    assert_ne!(run.code, 0);
    run.err
}

#[test]
fn a_certificate_that_is_not_right_is_named() {
    let cases = [
        (
            &include_bytes!("../tls/expired.der")[..],
            true,
            "the certificate of `localhost` has expired; look whether the clock of this machine is right; else who runs the host has to renew it",
        ),
        (
            include_bytes!("../tls/early.der"),
            true,
            "the certificate of `localhost` is not valid yet; look whether the clock of this machine is right",
        ),
        (
            include_bytes!("../tls/other.der"),
            true,
            "the certificate of `localhost` is for another name; look whether the base URL is right, and whether a proxy or a login page answers in its place",
        ),
        (
            include_bytes!("../tls/good.der"),
            false,
            "the certificate of `localhost` is from an issuer that this machine does not know; if a proxy of your company opens connections, add its CA to the system, or name the file with it in `SSL_CERT_FILE`",
        ),
    ];
    all_at_once(&cases, |(certificate, is_known, what)| {
        let told = build(certificate, *is_known);
        assert!(told.contains(&format!("cannot connect: {what}")), "{told}");
    });
    // As the last of them says.
    let told = build(include_bytes!("../tls/good.der"), true);
    assert!(!told.contains("certificate"), "{told}");
}
