//! From an origin to a connection: names are resolved here, and what is connected to is an address that was looked at.

use std::{
    collections::BTreeSet,
    fmt, io,
    net::{IpAddr, SocketAddr},
    sync::{Arc, OnceLock},
    time::Duration,
};

use hyper::{Request, Response, body::Incoming, client::conn::http1};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpStream, lookup_host},
    time::timeout,
};
use tokio_rustls::{
    TlsConnector,
    rustls::{ClientConfig, RootCertStore, crypto::ring, pki_types::ServerName},
};
use wasmtime_wasi::runtime::{AbortOnDropJoinHandle, spawn};
use wasmtime_wasi_http::{Error, WasiBody};

use super::address::is_public;
use crate::{
    grants::{HttpOrigin, Scheme},
    limits::{MAX_NET_ADDRESSES, MAX_NET_HEAD},
};

/// Makes connections for steps.
pub(in crate::runtime) struct Dialer {
    /// Addresses that may be reached although they are not public.
    private: BTreeSet<IpAddr>,
    /// Made when it is first needed: most hosts never send a request.
    tls: OnceLock<Option<TlsConnector>>,
}

/// Why there is no connection.
#[derive(Debug)]
pub(super) enum Refused {
    /// All that the name leads to is closed to steps.
    Private(IpAddr),
    /// The name leads nowhere.
    Name(io::Error),
    /// Nobody answers there.
    Connect(io::Error),
    /// It is not who it should be, or does not speak TLS.
    Tls(io::Error),
    /// It took too long.
    Late,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Private(address) => write!(
                f,
                "it leads to {address}, which is not public; an operator who wants that adds `private = [\"{address}\"]` to \
                 the policy, or `--allow private={address}`"
            ),
            Self::Name(error) => write!(f, "its name cannot be resolved: {error}"),
            Self::Connect(error) => write!(f, "no connection: {error}"),
            Self::Tls(error) => write!(f, "no TLS: {error}"),
            Self::Late => f.write_str("no connection in time"),
        }
    }
}

impl Refused {
    pub(super) fn into_error(self) -> Error {
        match self {
            Self::Private(_) => Error::DestinationIpProhibited,
            Self::Name(_) => Error::DnsError { rcode: None, info_code: None },
            Self::Connect(error) => Error::Connect(error),
            Self::Tls(error) => Error::Tls(error),
            Self::Late => Error::ConnectionTimeout,
        }
    }
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// A connection for one request.
pub(super) struct Connection(Box<dyn Stream>);

impl Dialer {
    pub(in crate::runtime) fn new(private: impl IntoIterator<Item = IpAddr>) -> Self {
        Self { private: private.into_iter().collect(), tls: OnceLock::new() }
    }

    /// A new connection: none is shared, so that no step meets what another one left in it.
    pub(super) async fn connect(&self, origin: &HttpOrigin, most: Duration) -> Result<Connection, Refused> {
        timeout(most, self.dial(origin)).await.unwrap_or(Err(Refused::Late))
    }

    async fn dial(&self, origin: &HttpOrigin) -> Result<Connection, Refused> {
        let mut last = Refused::Name(io::Error::other("there is no address behind it"));
        for address in self.addresses(origin).await? {
            match TcpStream::connect(address).await {
                Ok(stream) => return self.secure(origin, stream).await,
                Err(error) => last = Refused::Connect(error),
            }
        }
        Err(last)
    }

    /// The addresses behind an origin that may be reached.
    async fn addresses(&self, origin: &HttpOrigin) -> Result<Vec<SocketAddr>, Refused> {
        let bare = origin.host().trim_start_matches('[').trim_end_matches(']');
        let found: Vec<_> = match bare.parse() {
            Ok(address) => vec![SocketAddr::new(address, origin.port())],
            Err(_) => {
                lookup_host((bare, origin.port())).await.map_err(Refused::Name)?.take(MAX_NET_ADDRESSES).collect()
            }
        };
        let open = |found: &&SocketAddr| is_public(found.ip()) || self.private.contains(&found.ip());
        let addresses: Vec<_> = found.iter().filter(open).copied().collect();
        match found.first() {
            Some(closed) if addresses.is_empty() => Err(Refused::Private(closed.ip())),
            _ => Ok(addresses),
        }
    }

    async fn secure(&self, origin: &HttpOrigin, stream: TcpStream) -> Result<Connection, Refused> {
        // A request is small, and waits for its answer.
        let _ = stream.set_nodelay(true);
        if origin.scheme() == Scheme::Http {
            return Ok(Connection(Box::new(stream)));
        }
        let unusable = || Refused::Tls(io::Error::other("this host cannot speak TLS"));
        let connector = self.tls.get_or_init(connector).as_ref().ok_or_else(unusable)?;
        let bare = origin.host().trim_start_matches('[').trim_end_matches(']');
        let name = ServerName::try_from(bare.to_owned()).map_err(|error| Refused::Tls(io::Error::other(error)))?;
        Ok(Connection(Box::new(connector.connect(name, stream).await.map_err(Refused::Tls)?)))
    }
}

fn connector() -> Option<TlsConnector> {
    let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.into() };
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .ok()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Some(TlsConnector::from(Arc::new(config)))
}

impl Connection {
    /// Sends a request and waits for the head of the answer; the future that comes along moves its body.
    pub(super) async fn send(
        self,
        request: Request<WasiBody>,
        first_byte: Duration,
    ) -> Result<(Response<Incoming>, impl Future<Output = Result<(), Error>> + Send + use<>), Error> {
        let mut http = http1::Builder::new();
        http.max_buf_size(MAX_NET_HEAD);
        let (mut sender, connection) = http.handshake(TokioIo::new(self.0)).await?;
        // Ends with the request: dropping the handle closes the connection.
        let driver: AbortOnDropJoinHandle<_> = spawn(connection);
        let answer = timeout(first_byte, sender.send_request(request)).await;
        let response = answer.map_err(|_| Error::HttpResponseTimeout)??;
        Ok((response, async move { driver.await.map_err(Error::from) }))
    }
}
