//! What a model refuses: retired and unknown models, sizes, qualities, backgrounds, formats. The messages
//! about sizes were seen from the API; the others follow their form.

use crate::error::{ApiError, IMAGE_USER};
use crate::model::{self, Model, Sizes};
use crate::params::{Params, not_one_of};
use crate::png::Format;

/// Sides are multiples of it.
const MULTIPLE: u32 = 16;
const MAX_EDGE: u32 = 3840;
const MAX_RATIO: u32 = 3;
const MIN_PIXELS: u32 = 655_360;
const MAX_PIXELS: u32 = 8_294_400;
/// The sizes of the first generation.
const THREE: [&str; 4] = ["1024x1024", "1024x1536", "1536x1024", "auto"];

/// Where a request came in, as far as rules depend on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Host {
    /// `api.openai.com`.
    OpenAi,
    /// Azure, the deployment in the `model` of the body.
    Azure,
    /// Azure, the deployment in the path.
    Deployment(String),
}

/// A request that would be accepted: nothing is left open.
#[derive(Clone, Debug)]
pub struct Order {
    /// What will be asked.
    pub model: &'static Model,
    /// Its name as it was asked for.
    pub model_name: String,
    /// Width and height in pixels.
    pub size: (u32, u32),
    /// One of the model's qualities.
    pub quality: &'static str,
    /// Of the answer.
    pub format: Format,
    /// Whether the ground is transparent.
    pub transparent: bool,
}

/// Applies the rules of the model that is asked.
///
/// # Errors
/// The API's own, about the first rule that is broken.
pub fn order(
    host: &Host,
    default_model: &str,
    deployments: &[(String, String)],
    params: &Params,
) -> Result<Order, ApiError> {
    let named = match host {
        Host::Deployment(name) => name,
        _ => params.model.as_deref().unwrap_or(default_model),
    };
    let azure = *host != Host::OpenAi;
    let (name, model) = find(named, azure, deployments)?;
    let format = format(params, azure)?;
    Ok(Order {
        model,
        size: size(params.size.as_deref().unwrap_or("auto"), model)?,
        quality: quality(params.quality.as_deref().unwrap_or("auto"), model, azure)?,
        format,
        transparent: transparent(params, model, format)?,
        model_name: extras(params, model, name)?,
    })
}

fn find(
    named: &str,
    azure: bool,
    deployments: &[(String, String)],
) -> Result<(String, &'static Model), ApiError> {
    let deployed = deployments.iter().find(|(name, _)| azure && name == named);
    let name = deployed.map_or(named, |(_, model)| model);
    if let Some(model) = model::find(name) {
        return Ok((name.to_owned(), model));
    }
    let message = if azure {
        return Err(ApiError::new(
            404,
            None,
            Some("DeploymentNotFound"),
            "The API deployment for this resource does not exist. If you created the deployment within the \
             last 5 minutes, please wait a moment and try again.",
        ));
    } else if model::RETIRED.contains(&name) {
        format!(
            "The model `{name}` has been deprecated, learn more here: \
             https://platform.openai.com/docs/deprecations"
        )
    } else {
        format!("The model `{name}` does not exist or you do not have access to it.")
    };
    Err(ApiError::new(
        404,
        crate::error::INVALID_REQUEST,
        Some("model_not_found"),
        message,
    ))
}

fn size(text: &str, model: &Model) -> Result<(u32, u32), ApiError> {
    if model.sizes == Sizes::Three && !THREE.contains(&text) {
        return Err(image_kind(not_one_of("size", text, &THREE)));
    }
    if text == "auto" {
        return Ok((1024, 1024));
    }
    let invalid =
        |why: &str| ApiError::image_value("size", format!("Invalid size '{text}'. {why}"));
    let side = |digits: &str| -> Option<u32> {
        let plain = !digits.starts_with('0') && digits.bytes().all(|b| b.is_ascii_digit());
        plain.then(|| digits.parse().ok()).flatten()
    };
    let sides = text.split_once('x');
    let Some((w, h)) = sides.and_then(|(w, h)| Some((side(w)?, side(h)?))) else {
        return Err(invalid("Expected 'auto' or WIDTHxHEIGHT in pixels."));
    };
    if w % MULTIPLE != 0 || h % MULTIPLE != 0 {
        return Err(invalid("Width and height must both be divisible by 16."));
    }
    if w.max(h) > MAX_EDGE {
        return Err(invalid(
            "The longest edge must be less than or equal to 3840.",
        ));
    }
    if w.max(h) > MAX_RATIO * w.min(h) {
        return Err(invalid("The aspect ratio must be between 1:3 and 3:1."));
    }
    if w * h < MIN_PIXELS {
        return Err(invalid(
            "Requested resolution is below the current minimum pixel budget.",
        ));
    }
    if w * h > MAX_PIXELS {
        return Err(invalid(
            "Requested resolution is above the current maximum pixel budget.",
        ));
    }
    Ok((w, h))
}

fn quality(text: &str, model: &Model, azure: bool) -> Result<&'static str, ApiError> {
    let text = match text {
        "auto" if azure => "high",
        "auto" => "medium",
        other => other,
    };
    let known = model.qualities.iter().find(|known| **known == text);
    known.copied().ok_or_else(|| {
        let mut all = model.qualities.to_vec();
        all.push("auto");
        image_kind(not_one_of("quality", text, &all))
    })
}

fn format(params: &Params, azure: bool) -> Result<Format, ApiError> {
    let text = params.output_format.as_deref().unwrap_or("png");
    let known: &[&str] = if azure {
        &["png", "jpeg"]
    } else {
        &["png", "jpeg", "webp"]
    };
    let format = Format::parse(text).filter(|_| known.contains(&text));
    let Some(format) = format else {
        return Err(image_kind(not_one_of("output_format", text, known)));
    };
    if format == Format::Png && params.output_compression.is_some() {
        return Err(ApiError::image_value(
            "output_compression",
            "Compression is not supported for the PNG output format.",
        ));
    }
    Ok(format)
}

fn transparent(params: &Params, model: &Model, format: Format) -> Result<bool, ApiError> {
    if params.background.as_deref() != Some("transparent") {
        return Ok(false);
    }
    if !model.transparent {
        return Err(ApiError::image_value(
            "background",
            "Transparent background is not supported for this model.",
        ));
    }
    if format == Format::Jpeg {
        return Err(ApiError::image_value(
            "background",
            "Transparent background is not supported for the JPEG output format.",
        ));
    }
    Ok(true)
}

/// The rules of what only some models have; gives the name back.
fn extras(params: &Params, model: &Model, name: String) -> Result<String, ApiError> {
    if let Some(fidelity) = &params.input_fidelity {
        if model.fidelities.is_empty() {
            return Err(ApiError::new(
                400,
                IMAGE_USER,
                Some("invalid_input_fidelity_model"),
                format!("The model '{name}' does not support the 'input_fidelity' parameter."),
            )
            .about("input_fidelity"));
        }
        if !model.fidelities.contains(&fidelity.as_str()) {
            return Err(image_kind(not_one_of(
                "input_fidelity",
                fidelity,
                model.fidelities,
            )));
        }
    }
    if params.complexity.is_some() && !model.complexity {
        return Err(ApiError::image_value(
            "complexity",
            format!("The model '{name}' does not support the 'complexity' parameter."),
        ));
    }
    if params.partial_images.is_some() && !params.stream {
        return Err(ApiError::image_value(
            "partial_images",
            "The 'partial_images' parameter is only supported when 'stream' is true.",
        ));
    }
    Ok(name)
}

/// The error as the image models tell it.
fn image_kind(mut error: ApiError) -> ApiError {
    error.kind = Some(IMAGE_USER);
    error
}

#[cfg(test)]
mod tests {
    use super::{Host, Order, order};
    use crate::error::ApiError;
    use crate::params::Params;
    use crate::png::Format;

    fn params(model: &str) -> Params {
        Params {
            prompt: "an otter".to_owned(),
            model: Some(model.to_owned()),
            n: 1,
            ..Params::default()
        }
    }

    fn ask(params: &Params) -> Result<Order, ApiError> {
        order(&Host::OpenAi, "dall-e-2", &[], params)
    }

    fn sized(model: &str, size: &str) -> Result<(u32, u32), String> {
        let params = Params {
            size: Some(size.to_owned()),
            ..params(model)
        };
        ask(&params).map(|o| o.size).map_err(|e| {
            assert_eq!(
                (e.status, e.kind),
                (400, Some("image_generation_user_error"))
            );
            assert_eq!(e.param.as_deref(), Some("size"));
            assert_eq!(e.code.as_deref(), Some("invalid_value"));
            e.message
        })
    }

    #[test]
    fn sizes() {
        let bad = |size: &str, why: &str| Err(format!("Invalid size '{size}'. {why}"));
        let edge = "The longest edge must be less than or equal to 3840.";
        let below = "Requested resolution is below the current minimum pixel budget.";
        let above = "Requested resolution is above the current maximum pixel budget.";
        let sixteen = "Width and height must both be divisible by 16.";
        let ratio = "The aspect ratio must be between 1:3 and 3:1.";
        let form = "Expected 'auto' or WIDTHxHEIGHT in pixels.";
        for model in [
            "gpt-image-2",
            "gpt-image-2.5-flare",
            "gpt-image-2.6-sunburst",
        ] {
            for (size, expected) in [
                ("auto", Ok((1024, 1024))),
                ("1088x1440", Ok((1088, 1440))),
                ("3840x2160", Ok((3840, 2160))),
                ("2880x2880", Ok((2880, 2880))),
                ("1536x512", Ok((1536, 512))),
                ("4096x4096", bad("4096x4096", edge)),
                ("576x1024", bad("576x1024", below)),
                ("2896x2880", bad("2896x2880", above)),
                ("1080x1440", bad("1080x1440", sixteen)),
                ("1552x512", bad("1552x512", ratio)),
                ("big", bad("big", form)),
                ("0x0", bad("0x0", form)),
                ("+16x16", bad("+16x16", form)),
            ] {
                assert_eq!(sized(model, size), expected, "{model}");
            }
        }
        assert_eq!(
            sized("gpt-image-1.5", "1088x1440"),
            Err(
                "Invalid value: '1088x1440'. Supported values are: '1024x1024', '1024x1536', \
                 '1536x1024', and 'auto'."
                    .to_owned()
            )
        );
    }

    #[test]
    fn models() {
        for (name, message) in [
            (
                "dall-e-3",
                "The model `dall-e-3` has been deprecated, learn more here: \
                 https://platform.openai.com/docs/deprecations",
            ),
            (
                "gpt-image-9",
                "The model `gpt-image-9` does not exist or you do not have access to it.",
            ),
        ] {
            let error = ask(&params(name)).unwrap_err();
            assert_eq!((error.status, error.message.as_str()), (404, message));
            assert_eq!(error.code.as_deref(), Some("model_not_found"));
        }
        let unnamed = Params {
            model: None,
            ..params("")
        };
        assert_eq!(ask(&unnamed).unwrap_err().status, 404);
    }

    #[test]
    fn what_only_some_models_have() {
        let change = |model: &str, f: &dyn Fn(&mut Params)| {
            let mut params = params(model);
            f(&mut params);
            ask(&params)
                .map(|_| ())
                .map_err(|e| (e.param.unwrap(), e.message))
        };
        let refused = |param: &str, message: &str| Err((param.to_owned(), message.to_owned()));
        let quality = |q: &'static str| move |p: &mut Params| p.quality = Some(q.to_owned());
        assert_eq!(
            change("gpt-image-2", &quality("xhigh")),
            refused(
                "quality",
                "Invalid value: 'xhigh'. Supported values are: 'low', 'medium', 'high', and 'auto'."
            )
        );
        assert_eq!(change("gpt-image-2.5-flare", &quality("xhigh")), Ok(()));
        let transparent = |p: &mut Params| p.background = Some("transparent".to_owned());
        assert_eq!(
            change("gpt-image-2", &transparent),
            refused(
                "background",
                "Transparent background is not supported for this model."
            )
        );
        assert_eq!(change("gpt-image-2.5-flare", &transparent), Ok(()));
        let fidelity = |p: &mut Params| p.input_fidelity = Some("high".to_owned());
        assert_eq!(
            change("gpt-image-2", &fidelity),
            refused(
                "input_fidelity",
                "The model 'gpt-image-2' does not support the 'input_fidelity' parameter."
            )
        );
        assert_eq!(change("gpt-image-1.5", &fidelity), Ok(()));
        let complexity = |p: &mut Params| p.complexity = Some("low".to_owned());
        assert!(change("gpt-image-2", &complexity).is_err());
        assert_eq!(change("gpt-image-2.6-flare", &complexity), Ok(()));
        let compressed = |p: &mut Params| p.output_compression = Some(80);
        assert!(change("gpt-image-2", &compressed).is_err());
        let partial = |p: &mut Params| p.partial_images = Some(1);
        assert!(change("gpt-image-2", &partial).is_err());
    }

    #[test]
    fn azure_names_deployments_takes_no_webp_and_defaults_to_high() {
        let deployments = [("posters".to_owned(), "gpt-image-2".to_owned())];
        let host = Host::Deployment("posters".to_owned());
        let mut params = Params {
            model: None,
            ..params("")
        };
        let good = order(&host, "dall-e-2", &deployments, &params).unwrap();
        assert_eq!((good.quality, good.format), ("high", Format::Png));
        params.output_format = Some("webp".to_owned());
        assert!(order(&host, "dall-e-2", &deployments, &params).is_err());
        let lost = Host::Deployment("lost".to_owned());
        let error = order(&lost, "dall-e-2", &deployments, &params).unwrap_err();
        assert_eq!(error.code.as_deref(), Some("DeploymentNotFound"));
    }
}
