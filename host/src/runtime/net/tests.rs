//! Against servers on this machine that misbehave, which the tests allow to be reached.

use std::{
    net::{IpAddr, Ipv4Addr},
    pin::Pin,
};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty, Full};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

use super::*;
use crate::{
    grants::{Grant, Grants, NetGrant},
    limits::Limits,
    runtime::{
        outside::{NoSecrets, Surroundings},
        testing::Recorder,
    },
};

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// What a step with these origins has of the network.
fn granted(origins: &[&str], private: &[IpAddr]) -> (Net, Arc<Recorder>) {
    let mut grants = Grants::default();
    origins.iter().for_each(|origin| grants.add(Grant::Net(NetGrant::to(origin.parse().unwrap()))));
    let surroundings = Surroundings::new(Arc::new(NoSecrets), private.iter().copied());
    let outside = Outside::gather(&grants, &surroundings).unwrap().unwrap();
    let recorder = Arc::new(Recorder::default());
    (Net::granted(outside, Logs::new(recorder.clone(), &Limits::default())), recorder)
}

fn empty() -> WasiBody {
    Empty::new().map_err(|never| match never {}).boxed_unsync()
}

fn get(url: &str) -> Request<WasiBody> {
    Request::get(url).body(empty()).unwrap()
}

async fn send(net: &mut Net, request: Request<WasiBody>, idle: Duration) -> Sent {
    let options = RequestOptions {
        first_byte_timeout: Some(idle),
        between_bytes_timeout: Some(idle),
        ..RequestOptions::default()
    };
    Pin::from(net.send_request(request, Some(options), Box::new(async { Ok(()) }))).await
}

/// The body of an answer; the connection is driven along with it.
async fn body((response, driver): (Response<WasiBody>, Io)) -> Result<Bytes, Error> {
    let driver = tokio::spawn(Pin::from(driver));
    let collected = response.into_body().collect().await;
    driver.abort();
    Ok(collected?.to_bytes())
}

/// A server that does this with each connection, once it has read the head of a request.
async fn server<F: Future<Output = ()> + Send + 'static>(
    answer: impl Fn(TcpStream, String) -> F + Send + 'static,
) -> String {
    let listener = TcpListener::bind((HERE, 0)).await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                match stream.read_u8().await {
                    Ok(byte) => head.push(byte),
                    Err(_) => break,
                }
            }
            tokio::spawn(answer(stream, String::from_utf8(head).unwrap()));
        }
    });
    origin
}

async fn text(mut stream: TcpStream, text: impl AsRef<[u8]>) {
    let _ = stream.write_all(text.as_ref()).await;
}

const SOON: Duration = Duration::from_millis(200);
const LATE: Duration = Duration::from_secs(20);

#[tokio::test]
async fn what_is_not_granted_is_denied_before_anything_is_resolved() {
    let (mut net, recorder) = granted(&["https://example.com", "http://127.0.0.1:8080"], &[HERE]);
    for url in [
        "http://example.com/",
        "https://example.com:8443/",
        "https://www.example.com/",
        "https://example.com.evil.test/",
        "https://example.com@127.0.0.1:8080/",
        "http://ok@127.0.0.1:8080/",
        "http://127.0.0.1/",
        "http://127.0.0.1:80/",
        "https://127.0.0.1:8080/",
        "http://localhost:8080/",
        "http://localhost.:8080/",
        "http://127.1:8080/",
        "http://2130706433:8080/",
        "http://0x7f.1:8080/",
        "http://017700000001:8080/",
        "http://127.0.0.1.:8080/",
        "http://[::1]:8080/",
        "http://[::ffff:127.0.0.1]:8080/",
        "http://0.0.0.0:8080/",
        "http://169.254.169.254/",
        "http://100.100.100.200/",
        "http://10.0.0.1/",
        "http://[fd00::8]/",
        "http://[64:ff9b::a9fe:a9fe]/",
        "http://127.0.0.1:22/",
        "http://127.0.0.1:25/",
    ] {
        let denied = send(&mut net, get(url), SOON).await.map(drop);
        assert!(matches!(denied, Err(Error::HttpRequestDenied)), "{url}: {denied:?}");
    }
    let connect = Request::connect("http://127.0.0.1:8080/").body(empty()).unwrap();
    assert!(matches!(send(&mut net, connect, SOON).await.map(drop), Err(Error::HttpRequestDenied)));
    let told = recorder.texts();
    assert_eq!(told.len(), 27);
    assert!(told[0].contains("http://example.com is not granted") && told[0].contains("grants.net"), "{}", told[0]);
    assert!(matches!(
        send(&mut Net::none(), get("https://example.com"), SOON).await.map(drop),
        Err(Error::HttpRequestDenied)
    ));
}

#[tokio::test]
async fn addresses_that_are_not_public_are_closed_also_behind_a_name() {
    for origin in [
        "http://127.0.0.1:9",
        "http://localhost:9",
        "http://[::1]:9",
        "http://169.254.169.254",
        "http://[::ffff:a00:1]",
    ] {
        let (mut net, recorder) = granted(&[origin], &[]);
        let denied = send(&mut net, get(origin), SOON).await.map(drop);
        assert!(matches!(denied, Err(Error::DestinationIpProhibited)), "{origin}: {denied:?}");
        assert!(recorder.texts()[0].contains("private"), "{:?}", recorder.texts());
    }
}

#[tokio::test]
async fn a_request_arrives_as_it_was_meant() {
    let origin = server(|stream, head| async move {
        let length = head.len();
        text(stream, format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{head}")).await;
    })
    .await;
    let (mut net, _) = granted(&[&origin], &[HERE]);
    if let Some(granted) = &mut net.0 {
        let mut value = HeaderValue::from_static("Bearer s3cret");
        value.set_sensitive(true);
        let outside = Arc::get_mut(&mut granted.outside).unwrap();
        outside.destinations[0].headers.push((HeaderName::from_static("authorization"), value));
    }
    let mut request = get(&format!("{origin}/a/b?c=d"));
    request.headers_mut().insert("authorization", HeaderValue::from_static("the guest's own"));
    let got = body(send(&mut net, request, LATE).await.unwrap()).await.unwrap();
    let head = std::str::from_utf8(&got).unwrap();
    assert!(
        head.starts_with("GET /a/b?c=d HTTP/1.1\r\n") && head.contains("authorization: Bearer s3cret\r\n"),
        "{head}"
    );
    assert!(!head.contains("the guest's own"));
}

#[tokio::test]
async fn redirects_are_answers() {
    let origin = server(|stream, _| {
        text(stream, "HTTP/1.1 302 Found\r\nlocation: http://169.254.169.254/\r\ncontent-length: 0\r\n\r\n")
    })
    .await;
    let (mut net, _) = granted(&[&origin], &[HERE]);
    let (response, _) = send(&mut net, get(&origin), LATE).await.unwrap();
    assert_eq!(
        (response.status().as_u16(), &response.headers()["location"]),
        (302, &HeaderValue::from_static("http://169.254.169.254/"))
    );
}

#[tokio::test]
async fn who_does_not_answer_is_not_waited_for() {
    let silent = server(|stream, _| async move {
        tokio::time::sleep(LATE).await;
        drop(stream);
    })
    .await;
    let (mut net, _) = granted(&[&silent], &[HERE]);
    let sent = send(&mut net, get(&silent), SOON).await.map(drop);
    assert!(matches!(sent, Err(Error::HttpResponseTimeout)), "{sent:?}");

    let dripping = server(|mut stream, _| async move {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n1").await;
        tokio::time::sleep(LATE).await;
    })
    .await;
    let (mut net, _) = granted(&[&dripping], &[HERE]);
    let read = body(send(&mut net, get(&dripping), SOON).await.unwrap()).await;
    assert!(matches!(read, Err(Error::ConnectionReadTimeout)), "{read:?}");
}

#[tokio::test]
async fn answers_that_lie_or_never_end_are_cut() {
    let short = server(|stream, _| text(stream, "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nshort")).await;
    let heads =
        server(|stream, _| text(stream, format!("HTTP/1.1 200 OK\r\nx: {}\r\n\r\n", "y".repeat(1 << 20)))).await;
    let many = server(|stream, _| text(stream, format!("HTTP/1.1 200 OK\r\n{}\r\n", "x: y\r\n".repeat(10_000)))).await;
    let garbage = server(|stream, _| text(stream, "SSH-2.0-OpenSSH\r\n")).await;
    let endless = server(|mut stream, _| async move {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n").await;
        while stream.write_all(&[b'x'; 1 << 16]).await.is_ok() {}
    })
    .await;
    let (mut net, _) = granted(&[&short, &heads, &many, &garbage, &endless], &[HERE]);
    if let Some(granted) = &mut net.0 {
        granted.budget = Arc::new(Budget::new(1 << 20));
    }
    assert!(body(send(&mut net, get(&short), LATE).await.unwrap()).await.is_err());
    for origin in [&heads, &many, &garbage] {
        assert!(send(&mut net, get(origin), LATE).await.is_err());
    }
    let read = body(send(&mut net, get(&endless), LATE).await.unwrap()).await;
    assert!(matches!(read, Err(Error::HttpResponseBodySize(None))), "{read:?}");
    // What is spent is spent for later requests too.
    let post = Request::post(&short)
        .body(Full::new(Bytes::from(vec![0; 1 << 20])).map_err(|never| match never {}).boxed_unsync());
    assert!(send(&mut net, post.unwrap(), LATE).await.is_err());
}

#[tokio::test]
async fn only_some_requests_are_on_their_way_at_once() {
    let counted = Arc::new(std::sync::Mutex::new((0_usize, 0_usize)));
    let counts = counted.clone();
    let origin = server(move |stream, _| {
        let counts = counts.clone();
        async move {
            {
                let mut counts = counts.lock().unwrap();
                counts.0 += 1;
                counts.1 = counts.1.max(counts.0);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
            counts.lock().unwrap().0 -= 1;
            text(stream, "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await;
        }
    })
    .await;
    let (mut net, _) = granted(&[&origin], &[HERE]);
    let mut all = tokio::task::JoinSet::new();
    for _ in 0..40 {
        let sent = Pin::from(net.send_request(get(&origin), None, Box::new(async { Ok(()) })));
        all.spawn(async move { body(sent.await?).await });
    }
    while let Some(read) = all.join_next().await {
        assert_eq!(read.unwrap().unwrap(), "ok");
    }
    assert_eq!(counted.lock().unwrap().1, MAX_NET_REQUESTS);
}

#[tokio::test]
async fn a_server_without_tls_is_not_trusted() {
    let origin = server(|stream, _| text(stream, "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")).await;
    let secure = origin.replace("http://", "https://");
    let (mut net, recorder) = granted(&[&secure], &[HERE]);
    let sent = send(&mut net, get(&secure), LATE).await.map(drop);
    assert!(matches!(sent, Err(Error::Tls(_) | Error::ConnectionTimeout)), "{sent:?}");
    assert!(recorder.texts()[0].contains("TLS") || recorder.texts()[0].contains("in time"), "{:?}", recorder.texts());
}
