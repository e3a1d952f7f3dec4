//! Pictures that are odd: as they are made nowhere else, cut off, bent, or larger than they look.

use image::{DynamicImage, ImageFormat, Rgb, Rgb32FImage, RgbImage};

/// What is right of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Right {
    /// Its left half, as a viewer shows it, is red, and its right half blue.
    RedBlue,
    /// It is refused, and the error ends in this.
    Refused(&'static str),
}

/// A picture of the corpus.
pub struct Odd {
    /// What is odd about it.
    pub name: &'static str,
    /// The file.
    pub bytes: Vec<u8>,
    /// What must come of it.
    pub right: Right,
}

const SIDE: u32 = 160;
const RED: [u8; 3] = [230, 20, 20];
const BLUE: [u8; 3] = [20, 20, 230];

fn red_blue(x: u32) -> [u8; 3] {
    if x < SIDE / 2 { RED } else { BLUE }
}

fn plain() -> RgbImage {
    RgbImage::from_fn(SIDE, SIDE, |x, _| Rgb(red_blue(x)))
}

fn file(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut out = std::io::Cursor::new(Vec::new());
    image.write_to(&mut out, format).unwrap();
    out.into_inner()
}

fn deep() -> DynamicImage {
    let parts = |x: u32| red_blue(x).map(|c| f32::from(c) / 255.0);
    let image = Rgb32FImage::from_fn(SIDE, SIDE, |x, _| Rgb(parts(x)));
    DynamicImage::ImageRgb32F(image)
}

fn palette() -> Vec<u8> {
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, SIDE, SIDE);
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_depth(png::BitDepth::One);
    encoder.set_palette([RED, BLUE].concat());
    let row: Vec<u8> = (0..SIDE.div_ceil(8))
        .map(|byte| if byte < SIDE / 16 { 0 } else { 0xFF })
        .collect();
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(&row.repeat(SIDE as usize)).unwrap();
    writer.finish().unwrap();
    out
}

/// A JPEG with the turn that EXIF asks for.
fn jpeg(orientation: u8, cmyk: bool) -> Vec<u8> {
    let mut out = Vec::new();
    let mut encoder = jpeg_encoder::Encoder::new(&mut out, 95);
    let mut tiff = *b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x01\0\0\0\0\0\0\0";
    tiff[18] = orientation;
    encoder.add_exif_metadata(&tiff).unwrap();
    let side = u16::try_from(SIDE).unwrap();
    // Where the pixel of a row and column is shown.
    let shown = |x: u32, y: u32| match orientation {
        1 | 4 => x,
        2 | 3 => SIDE - 1 - x,
        5 | 8 => y,
        _ => SIDE - 1 - y,
    };
    let mut pixels = Vec::new();
    for y in 0..SIDE {
        for x in 0..SIDE {
            let [r, g, b] = red_blue(shown(x, y));
            match cmyk {
                true => pixels.extend([255 - r, 255 - g, 255 - b, 0]),
                false => pixels.extend([r, g, b]),
            }
        }
    }
    let colors = match cmyk {
        true => jpeg_encoder::ColorType::Cmyk,
        false => jpeg_encoder::ColorType::Rgb,
    };
    encoder.encode(&pixels, side, side, colors).unwrap();
    out
}

fn animated_png() -> Vec<u8> {
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, 4, 4);
    encoder.set_animated(2, 0).unwrap();
    let mut writer = encoder.write_header().unwrap();
    for shade in [0, 255] {
        writer.write_image_data(&[shade; 16]).unwrap();
    }
    writer.finish().unwrap();
    out
}

/// A WebP of two frames: the still one is the frame of both.
fn animated_webp() -> Vec<u8> {
    let still = file(&DynamicImage::ImageRgb8(plain()), ImageFormat::WebP);
    let side = (SIDE - 1).to_le_bytes();
    let side = &side[..3];
    let chunk = |name: &[u8; 4], data: &[u8]| {
        let length = u32::try_from(data.len()).unwrap().to_le_bytes();
        let pad = vec![0; data.len() % 2];
        [name.as_slice(), &length, data, &pad].concat()
    };
    let frame = chunk(
        b"ANMF",
        &[&[0; 6], side, side, &[100, 0, 0, 0], &still[12..]].concat(),
    );
    let body = [
        b"WEBP".to_vec(),
        chunk(b"VP8X", &[&[2, 0, 0, 0], side, side].concat()),
        chunk(b"ANIM", &[0; 6]),
        frame.clone(),
        frame,
    ]
    .concat();
    chunk(b"RIFF", &body)
}

fn crc(bytes: &[u8]) -> [u8; 4] {
    let crc = !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            (crc >> 1) ^ if crc & 1 == 1 { 0xedb8_8320 } else { 0 }
        })
    });
    crc.to_be_bytes()
}

/// A PNG of few bytes that says it is of this size.
fn png_that_says(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = file(
        &DynamicImage::ImageRgb8(RgbImage::new(1, 1)),
        ImageFormat::Png,
    );
    bytes[16..20].copy_from_slice(&width.to_be_bytes());
    bytes[20..24].copy_from_slice(&height.to_be_bytes());
    let checksum = crc(&bytes[12..29]);
    bytes[29..33].copy_from_slice(&checksum);
    bytes
}

/// A JPEG that says it is of this size.
fn jpeg_that_says(width: u16, height: u16) -> Vec<u8> {
    let mut bytes = jpeg(1, false);
    let frame = bytes
        .windows(2)
        .position(|pair| pair == [0xFF, 0xC0])
        .unwrap();
    bytes[frame + 5..frame + 7].copy_from_slice(&height.to_be_bytes());
    bytes[frame + 7..frame + 9].copy_from_slice(&width.to_be_bytes());
    bytes
}

/// All of them.
pub fn corpus() -> Vec<Odd> {
    let plain = DynamicImage::ImageRgb8(plain());
    let png = file(&plain, ImageFormat::Png);
    let webp = file(&plain, ImageFormat::WebP);
    let half = |bytes: &[u8]| bytes[..bytes.len() / 2].to_vec();
    let mut bent = png.clone();
    let middle = bent.len() / 2;
    bent[middle] ^= 0xFF;
    let mut odd = Vec::new();
    let mut add = |name, bytes, right| odd.push(Odd { name, bytes, right });
    let right = Right::RedBlue;
    add("png of 8 bits", png.clone(), right);
    add(
        "png of 16 bits",
        file(
            &DynamicImage::ImageRgb16(deep().into_rgb16()),
            ImageFormat::Png,
        ),
        right,
    );
    add(
        "png of 16 bits with alpha",
        file(
            &DynamicImage::ImageRgba16(deep().into_rgba16()),
            ImageFormat::Png,
        ),
        right,
    );
    add("png of 1 bit and a palette", palette(), right);
    add("webp", webp.clone(), right);
    add(
        "png with a tail",
        [png.as_slice(), &[7; 100]].concat(),
        right,
    );
    add("jpeg", jpeg(1, false), right);
    add("jpeg in CMYK", jpeg(1, true), right);
    for (name, orientation) in [
        ("mirrored", 2),
        ("upside down", 3),
        ("upside down and mirrored", 4),
        ("on its side and mirrored", 5),
        ("on its side", 6),
        ("on its other side and mirrored", 7),
        ("on its other side", 8),
    ] {
        add(name, jpeg(orientation, false), right);
    }
    let cut = |format: &'static str| {
        Right::Refused(match format {
            "PNG" => "the PNG picture is cut off: the file ends before the picture does",
            "JPEG" => "the JPEG picture is cut off: the file ends before the picture does",
            _ => "the WebP picture is cut off: the file ends before the picture does",
        })
    };
    add("half a png", half(&png), cut("PNG"));
    add("half a jpeg", half(&jpeg(1, false)), cut("JPEG"));
    add("half a webp", half(&webp), cut("WebP"));
    add(
        "animated png",
        animated_png(),
        Right::Refused("the PNG picture is animated; gpbuild takes still pictures only"),
    );
    add(
        "animated webp",
        animated_webp(),
        Right::Refused("the WebP picture is animated; gpbuild takes still pictures only"),
    );
    let large = |size: &'static str| Right::Refused(size);
    add(
        "png bomb",
        png_that_says(60_000, 60_000),
        large("60000x60000 is too large; gpbuild takes at most 64 million pixels"),
    );
    add(
        "jpeg bomb",
        jpeg_that_says(65_500, 65_500),
        large("65500x65500 is too large; gpbuild takes at most 64 million pixels"),
    );
    add(
        "gif",
        b"GIF89a\x01\0\x01\0\0\0\0;".to_vec(),
        Right::Refused("this is not a PNG, JPEG or WebP picture: it is a GIF"),
    );
    add(
        "heic",
        b"\0\0\0\x18ftypheic\0\0\0\0mif1heic".to_vec(),
        Right::Refused("this is not a PNG, JPEG or WebP picture: it is a HEIC"),
    );
    add(
        "html",
        b"<html>503</html>".to_vec(),
        Right::Refused("this is not a PNG, JPEG or WebP picture: it looks like HTML"),
    );
    odd
}

/// Pictures whose head is good and whose pixels are not: only who decodes them can tell.
pub fn bent() -> Vec<Odd> {
    let plain = DynamicImage::ImageRgb8(plain());
    let mut bent = file(&plain, ImageFormat::Png);
    let middle = bent.len() / 2;
    bent[middle] ^= 0xFF;
    vec![
        Odd {
            name: "bent png",
            bytes: bent,
            right: Right::Refused("the PNG picture is damaged"),
        },
        Odd {
            name: "png that says it is large",
            bytes: png_that_says(7_000, 7_000),
            right: Right::Refused("the PNG picture is damaged"),
        },
    ]
}

/// Whether the left half of a picture is red and the right half blue.
pub fn is_red_blue(bytes: &[u8]) -> bool {
    let image = image::load_from_memory(bytes).unwrap().into_rgb8();
    let (width, height) = image.dimensions();
    let near = |x: u32, y: u32, wanted: [u8; 3]| {
        let got = image.get_pixel(x, y).0;
        got.iter().zip(wanted).all(|(a, b)| a.abs_diff(b) < 40)
    };
    [height / 8, height / 2, height * 7 / 8]
        .into_iter()
        .all(|y| {
            near(width / 8, y, RED)
                && near(width * 3 / 8, y, RED)
                && near(width * 5 / 8, y, BLUE)
                && near(width * 7 / 8, y, BLUE)
        })
}
