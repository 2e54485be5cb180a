use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use super::*;

/// What a server saw: which connection a request came on, and its head.
type Seen = (usize, String);

/// Answers every request with `ok`, and closes each connection after `per_connection` of them.
async fn server(per_connection: usize) -> (SocketAddr, mpsc::UnboundedReceiver<Seen>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (sender, seen) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        for connection in 0.. {
            let (mut stream, _) = listener.accept().await.unwrap();
            for _ in 0..per_connection {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    match stream.read_u8().await {
                        Ok(byte) => head.push(byte),
                        Err(_) => return,
                    }
                }
                let head = String::from_utf8(head).unwrap();
                sender.send((connection, head)).unwrap();
                let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
                stream.write_all(answer).await.unwrap();
            }
        }
    });
    (address, seen)
}

async fn get(client: &Https, uri: &str) -> Result<HttpResponse, ConnectorError> {
    let mut request = HttpRequest::empty();
    request.set_uri(uri).unwrap();
    let mut response = client.call(request).await?;
    // A connection is free again when the body was read.
    let body = std::mem::replace(response.body_mut(), SdkBody::taken());
    let body = aws_smithy_types::byte_stream::ByteStream::new(body)
        .collect()
        .await
        .unwrap();
    assert_eq!(body.into_bytes(), "ok".as_bytes());
    Ok(response)
}

#[tokio::test]
async fn a_connection_is_kept_for_the_next_request() {
    let (address, mut seen) = server(usize::MAX).await;
    let client = Https::new();
    for _ in 0..3 {
        get(&client, &format!("http://{address}/path?query=1"))
            .await
            .unwrap();
        let (connection, head) = seen.recv().await.unwrap();
        assert_eq!(connection, 0);
        assert!(head.starts_with("GET /path?query=1 HTTP/1.1\r\n"), "{head}");
        assert!(head.contains(&format!("host: {address}\r\n")), "{head}");
    }
}

#[tokio::test]
async fn a_connection_that_was_closed_is_replaced() {
    let (address, mut seen) = server(1).await;
    let client = Https::new();
    for expected in 0..3 {
        get(&client, &format!("http://{address}/")).await.unwrap();
        assert_eq!(seen.recv().await.unwrap().0, expected);
    }
}

#[tokio::test]
async fn other_endpoints_get_connections_of_their_own() {
    let (one, mut seen_by_one) = server(usize::MAX).await;
    let (other, mut seen_by_other) = server(usize::MAX).await;
    let client = Https::new();
    for address in [one, other, one] {
        get(&client, &format!("http://{address}/")).await.unwrap();
    }
    assert_eq!(seen_by_one.recv().await.unwrap().0, 0);
    assert_eq!(seen_by_one.recv().await.unwrap().0, 0);
    assert_eq!(seen_by_other.recv().await.unwrap().0, 0);
}

#[tokio::test]
async fn an_endpoint_that_refuses_is_an_error_that_passes() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let error = get(&Https::new(), &format!("http://{address}/"))
        .await
        .unwrap_err();
    assert!(error.is_io(), "{error:?}");
}

#[tokio::test]
async fn an_endpoint_that_does_not_finish_tls_runs_into_the_time_limit() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let client = Https {
        connect_timeout: Some(Duration::from_millis(50)),
        ..Https::new()
    };
    let error = get(&client, &format!("https://{address}/"))
        .await
        .unwrap_err();
    assert!(error.is_timeout(), "{error:?}");
}

#[tokio::test]
async fn an_endpoint_that_speaks_no_tls_is_refused_for_good() {
    let (address, _seen) = server(usize::MAX).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let plain = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream
            .write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            .await
            .unwrap();
        // Kept open until the other side has read it.
        let mut rest = Vec::new();
        let _ended = stream.read_to_end(&mut rest).await;
    });
    let error = get(&Https::new(), &format!("https://{plain}/"))
        .await
        .unwrap_err();
    assert!(error.is_other(), "{error:?}");
    get(&Https::new(), &format!("http://{address}/"))
        .await
        .unwrap();
}

#[test]
fn a_request_gets_the_host_that_its_signature_covers() {
    for (uri, host, target) in [
        ("https://iam.amazonaws.com/", "iam.amazonaws.com", "/"),
        ("https://iam.amazonaws.com:443/", "iam.amazonaws.com", "/"),
        ("https://iam.amazonaws.com", "iam.amazonaws.com", "/"),
        ("http://localhost:4566/a?b=c", "localhost:4566", "/a?b=c"),
        ("http://[::1]:4566/", "[::1]:4566", "/"),
    ] {
        let mut request = Request::new(SdkBody::empty());
        *request.uri_mut() = uri.parse().unwrap();
        address(&mut request).unwrap();
        assert_eq!(request.headers()["host"], host, "{uri}");
        assert_eq!(request.uri(), target, "{uri}");
    }
}
