//! Which of the endpoints a request is for, and whether its key is good.

use hyper::{HeaderMap, Method};

use crate::error::{ApiError, INVALID_REQUEST};
use crate::validate::Host;

/// What a path means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// `POST …/images/generations`.
    Generations(Host),
    /// `POST …/images/edits`.
    Edits(Host),
    /// `GET …/models`.
    Models(Host),
    /// `GET /_stats`: the server's own.
    Stats,
}

impl Route {
    /// The endpoint of a method, a path and a query, in OpenAI's shape or in one of Azure's two.
    ///
    /// # Errors
    /// 404 for other paths, 405 for other methods, 400 for Azure without `api-version`.
    pub fn of(method: &Method, path: &str, query: &str) -> Result<Self, ApiError> {
        if path == "/_stats" {
            return Ok(Self::Stats);
        }
        let (host, endpoint) = if let Some(rest) = path.strip_prefix("/openai/v1/") {
            (Host::Azure, rest)
        } else if let Some(rest) = path.strip_prefix("/openai/deployments/") {
            let (deployment, endpoint) = rest.split_once('/').unwrap_or((rest, ""));
            (Host::Deployment(deployment.to_owned()), endpoint)
        } else {
            (Host::OpenAi, path.strip_prefix("/v1/").unwrap_or_default())
        };
        let version = query
            .split('&')
            .find_map(|p| p.strip_prefix("api-version="));
        let azure = host != Host::OpenAi;
        let route = match endpoint {
            "models" if method == Method::GET && host == Host::OpenAi => {
                return Ok(Self::Models(host));
            }
            "images/generations" => Self::Generations(host),
            "images/edits" => Self::Edits(host),
            _ => {
                return Err(ApiError::new(
                    404,
                    INVALID_REQUEST,
                    None,
                    format!("Invalid URL ({method} {path})"),
                ));
            }
        };
        if method != Method::POST {
            return Err(ApiError::new(
                405,
                INVALID_REQUEST,
                Some("method_not_supported"),
                format!("Not allowed to {method} on {path}."),
            ));
        }
        if azure && version.is_none_or(str::is_empty) {
            return Err(ApiError::new(
                400,
                INVALID_REQUEST,
                Some("BadRequest"),
                "The api-version query parameter (?api-version=) is required for all requests.",
            ));
        }
        Ok(route)
    }
}

/// Looks at the key of a request: `Authorization: Bearer`, on Azure also `api-key`.
///
/// # Errors
/// 401 if there is none, or a wrong one. Its message shows no key, only how a wrong one begins and ends.
pub fn authorize(headers: &HeaderMap, host: &Host, key: &str) -> Result<(), ApiError> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let bearer = text("authorization").and_then(|value| value.strip_prefix("Bearer "));
    let own = text("api-key").filter(|_| *host != Host::OpenAi);
    let unauthorized =
        |message: String| ApiError::new(401, INVALID_REQUEST, Some("invalid_api_key"), message);
    match own.or(bearer) {
        Some(given) if given == key => Ok(()),
        Some(given) => Err(unauthorized(format!(
            "Incorrect API key provided: {}. You can find your API key at \
             https://platform.openai.com/account/api-keys.",
            masked(given)
        ))),
        None => Err(unauthorized(
            "You didn't provide an API key. You need to provide your API key in an Authorization header \
             using Bearer auth (i.e. Authorization: Bearer YOUR_KEY)."
                .to_owned(),
        )),
    }
}

/// The API shows the ends of a wrong key.
fn masked(key: &str) -> String {
    let chars: Vec<char> = key.chars().collect();
    if chars.len() < 16 {
        return "*".repeat(chars.len());
    }
    let (head, tail) = (&chars[..7], &chars[chars.len() - 4..]);
    let stars = "*".repeat(chars.len() - 11);
    format!(
        "{}{stars}{}",
        head.iter().collect::<String>(),
        tail.iter().collect::<String>()
    )
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;
    use hyper::{HeaderMap, Method};

    use super::{Route, authorize};
    use crate::validate::Host;

    #[test]
    fn three_shapes_of_paths() {
        let post = |path, query| Route::of(&Method::POST, path, query).map_err(|e| e.status);
        assert_eq!(
            post("/v1/images/generations", ""),
            Ok(Route::Generations(Host::OpenAi))
        );
        assert_eq!(
            post("/openai/v1/images/edits", "api-version=preview"),
            Ok(Route::Edits(Host::Azure))
        );
        assert_eq!(
            post(
                "/openai/deployments/posters/images/edits",
                "api-version=2025-04-01-preview"
            ),
            Ok(Route::Edits(Host::Deployment("posters".to_owned())))
        );
        assert_eq!(post("/openai/v1/images/edits", ""), Err(400));
        assert_eq!(post("/v1/images/variations", ""), Err(404));
        assert_eq!(post("/images/generations", ""), Err(404));
        let get = Route::of(&Method::GET, "/v1/images/edits", "");
        assert_eq!(get.unwrap_err().status, 405);
    }

    #[test]
    fn keys() {
        let with = |name: &'static str, value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(name, HeaderValue::from_static(value));
            headers
        };
        let key = "sk-test-0123456789";
        let good = with("authorization", "Bearer sk-test-0123456789");
        assert_eq!(authorize(&good, &Host::OpenAi, key), Ok(()));
        let azure = with("api-key", "sk-test-0123456789");
        assert_eq!(authorize(&azure, &Host::Azure, key), Ok(()));
        assert!(authorize(&azure, &Host::OpenAi, key).is_err());
        let wrong = with("authorization", "Bearer sk-wrong-0123456789");
        assert_eq!(
            authorize(&wrong, &Host::OpenAi, key).unwrap_err().message,
            "Incorrect API key provided: sk-wron********6789. You can find your API key at \
             https://platform.openai.com/account/api-keys."
        );
    }
}
