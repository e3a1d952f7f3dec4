//! Tests of a whole export: pass-through, formats read and written, limits, golden digests.

use image::{DynamicImage, ImageFormat, Rgba, RgbaImage};

use super::{Crop, Export, ExportError, Format, dimensions, encode_picture, export};
use base::digest::Digest;

/// A design as the local renderer draws it: a gradient with hard-edged shapes.
pub(super) fn flat(width: u32, height: u32) -> RgbaImage {
    RgbaImage::from_fn(width, height, |x, y| {
        let shade = ((x * 3 + y * 5) * 100 / (width * 3 + height * 5)) as u8;
        let (across, down) = ((x % 60).abs_diff(30), (y % 40).abs_diff(20));
        if (x / 60 + y / 40) % 3 == 0 && across * across + down * down < 300 {
            Rgba([255, 176, 32, 255])
        } else {
            Rgba([11 + shade, 16, 38 + shade, 255])
        }
    })
}

/// The same with noise on every pixel.
pub(super) fn grainy(width: u32, height: u32) -> RgbaImage {
    let mut seed = 7_u32;
    let mut image = flat(width, height);
    for pixel in image.pixels_mut() {
        for channel in &mut pixel.0[..3] {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            *channel = channel.saturating_add((seed >> 24) as u8 % 9);
        }
    }
    image
}

fn wanted(width: u32, height: u32, format: Format) -> Export {
    Export {
        width,
        height,
        crop: None,
        format,
        quality: None,
        max_bytes: None,
    }
}

pub(super) fn file(image: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
    let mut out = std::io::Cursor::new(Vec::new());
    image.into().write_to(&mut out, format).unwrap();
    out.into_inner()
}

fn pixels(file: &[u8]) -> RgbaImage {
    image::load_from_memory(file).unwrap().into_rgba8()
}

#[test]
fn formats_have_their_names() {
    for name in Format::NAMES {
        let format = Format::parse(name).unwrap();
        assert_eq!(Format::parse(format.name()), Some(format));
        assert!(Format::NAMES.contains(&format.extension()));
        assert_eq!(format.media_type(), format!("image/{}", format.name()));
    }
    assert_eq!(Format::parse("gif"), None);
}

#[test]
fn what_counts_in_the_key() {
    let mut export = wanted(900, 383, Format::Jpeg);
    let text = |export: &Export| {
        export
            .ingredients()
            .iter()
            .map(|(k, v)| format!("{k}={v}"))
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(
        text(&export),
        "export.width=900 export.height=383 export.crop=none export.format=jpeg \
         export.quality=none export.max_bytes=none"
    );
    export.crop = Some(Crop::new([0.0, 0.0, 1.0, 1.0]).unwrap());
    assert!(
        text(&export).contains("export.crop=none"),
        "a whole crop is none"
    );
    export.crop = Some(Crop::new([0.2, 0.0, 0.8, 1.0]).unwrap());
    export.quality = Some(80);
    export.max_bytes = Some(2_000_000);
    assert_eq!(
        text(&export),
        "export.width=900 export.height=383 export.crop=2000,0,8000,10000 export.format=jpeg \
         export.quality=80 export.max_bytes=2000000"
    );
}

#[test]
fn wrong_crops_are_refused() {
    assert_eq!(
        Crop::new([0.0, 0.0, 1.5, 1.0]),
        Err("has a number that is not from 0 to 1")
    );
    assert_eq!(
        Crop::new([f64::NAN, 0.0, 1.0, 1.0]),
        Err("has a number that is not from 0 to 1")
    );
    assert_eq!(
        Crop::new([0.5, 0.0, 0.5, 1.0]),
        Err("is empty; it is written `[left, top, right, bottom]`")
    );
}

#[test]
fn a_picture_that_fits_passes_through_untouched() {
    let picture = flat(60, 80);
    for (format, other) in [
        (Format::Png, ImageFormat::Png),
        (Format::Jpeg, ImageFormat::Jpeg),
        (Format::WebP, ImageFormat::WebP),
    ] {
        let source = match other {
            ImageFormat::Jpeg => file(DynamicImage::from(picture.clone()).into_rgb8(), other),
            _ => file(picture.clone(), other),
        };
        let mut export_ = wanted(60, 80, format);
        assert_eq!(export(&export_, &source).unwrap(), source);
        export_.max_bytes = Some(source.len() as u64);
        assert_eq!(export(&export_, &source).unwrap(), source);
        export_.max_bytes = None;
        export_.crop = Some(Crop::new([0.0, 0.0, 1.0, 1.0]).unwrap());
        assert_eq!(export(&export_, &source).unwrap(), source);
        export_.crop = Some(Crop::new([0.5, 0.0, 1.0, 1.0]).unwrap());
        assert_ne!(export(&export_, &source).unwrap(), source);
        export_.crop = None;
        export_.quality = Some(50);
        assert_ne!(export(&export_, &source).unwrap(), source);
    }
}

#[test]
fn sizes_and_formats_come_out_as_asked() {
    let source = encode_picture(&flat(120, 80)).unwrap();
    for format in [Format::Png, Format::Jpeg, Format::WebP] {
        let made = export(&wanted(90, 90, format), &source).unwrap();
        assert_eq!(Format::of(&made), Some(format));
        assert_eq!(dimensions(&made), Ok((90, 90)));
        assert_eq!(
            export(&wanted(90, 90, format), &source).unwrap(),
            made,
            "twice the same"
        );
    }
}

#[test]
fn a_crop_of_the_right_size_keeps_every_pixel() {
    let picture = flat(100, 80);
    let source = encode_picture(&picture).unwrap();
    let mut wanted = wanted(60, 80, Format::Png);
    wanted.crop = Some(Crop::new([0.2, 0.0, 0.8, 1.0]).unwrap());
    let made = pixels(&export(&wanted, &source).unwrap());
    assert_eq!(made.get_pixel(0, 0), picture.get_pixel(20, 0));
    assert_eq!(made.get_pixel(59, 79), picture.get_pixel(79, 79));
}

#[test]
fn gray_palette_and_sixteen_bits_are_read() {
    let color = DynamicImage::from(flat(40, 30));
    let sixteen = file(color.to_rgba16(), ImageFormat::Png);
    let made = export(&wanted(40, 30, Format::WebP), &sixteen).unwrap();
    assert_eq!(dimensions(&made), Ok((40, 30)));
    assert_eq!(super::decode::decode(&sixteen).unwrap(), flat(40, 30));
    let gray = file(color.to_luma8(), ImageFormat::Png);
    assert_eq!(super::decode::decode(&gray).unwrap().dimensions(), (40, 30));

    let mut palette = Vec::new();
    let mut encoder = png::Encoder::new(&mut palette, 2, 1);
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_depth(png::BitDepth::One);
    encoder.set_palette(vec![1, 2, 3, 200, 100, 50]);
    encoder.set_trns(vec![128]);
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(&[0b0100_0000]).unwrap();
    writer.finish().unwrap();
    let read = super::decode::decode(&palette).unwrap();
    assert_eq!(read.into_raw(), [1, 2, 3, 128, 200, 100, 50, 255]);
}

#[test]
fn a_cmyk_jpeg_is_read_as_rgb() {
    let mut source = Vec::new();
    jpeg_encoder::Encoder::new(&mut source, 95)
        .encode(
            &[0, 255, 255, 0].repeat(64),
            8,
            8,
            jpeg_encoder::ColorType::Cmyk,
        )
        .unwrap();
    let read = super::decode::decode(&source).unwrap();
    let [red, green, blue, _] = read.get_pixel(4, 4).0;
    assert!(red > 240 && green < 15 && blue < 15, "{red} {green} {blue}");
}

/// A JPEG that a viewer turns by a quarter.
fn turned(width: u16, height: u16) -> Vec<u8> {
    let mut out = Vec::new();
    let mut encoder = jpeg_encoder::Encoder::new(&mut out, 90);
    let tiff = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0";
    encoder.add_exif_metadata(tiff).unwrap();
    let mut image = vec![0; usize::from(width) * usize::from(height) * 3];
    image[..usize::from(width) * 3 * 8].fill(255);
    encoder
        .encode(&image, width, height, jpeg_encoder::ColorType::Rgb)
        .unwrap();
    out
}

#[test]
fn the_turn_that_exif_asks_for_is_made() {
    let source = turned(64, 32);
    assert_eq!(dimensions(&source), Ok((32, 64)));
    let made = export(&wanted(32, 64, Format::Jpeg), &source).unwrap();
    assert_ne!(
        made, source,
        "the bytes would be turned again by every viewer"
    );
    let made = pixels(&made);
    assert!(
        made.get_pixel(28, 40).0[0] > 200,
        "the white edge is at the right now"
    );
    assert!(made.get_pixel(4, 40).0[0] < 50);
    let lying = export(&wanted(64, 32, Format::Jpeg), &source).unwrap();
    assert_ne!(lying, source);
}

#[test]
fn bytes_stay_under_the_limit() {
    let picture = grainy(200, 200);
    let source = encode_picture(&picture).unwrap();
    for format in [Format::Jpeg, Format::WebP] {
        let free = export(&wanted(200, 200, format), &source).unwrap();
        let mut limited = wanted(200, 200, format);
        limited.max_bytes = Some(free.len() as u64 - 1);
        let smaller = export(&limited, &source).unwrap();
        assert!(smaller.len() < free.len());
        limited.max_bytes = None;
        limited.quality = Some(85);
        assert_eq!(
            export(&limited, &source).unwrap(),
            smaller,
            "one step down the ladder"
        );

        limited.quality = None;
        limited.max_bytes = Some(100);
        let Err(ExportError::TooManyBytes {
            smallest, quality, ..
        }) = export(&limited, &source)
        else {
            panic!("100 bytes are not enough");
        };
        assert_eq!(quality, Some(40));
        limited.max_bytes = Some(smallest);
        assert_eq!(export(&limited, &source).unwrap().len() as u64, smallest);
    }
}

#[test]
fn a_png_is_pressed_harder_and_never_becomes_something_else() {
    let source = encode_picture(&flat(300, 300)).unwrap();
    let mut limited = wanted(300, 300, Format::Png);
    limited.max_bytes = Some(source.len() as u64 - 1);
    let smaller = export(&limited, &source).unwrap();
    assert!(smaller.len() < source.len());
    assert_eq!(pixels(&smaller), pixels(&source));
    limited.max_bytes = Some(50);
    let error = text(export(&limited, &source));
    let said = " kB even with the strongest compression; `max_bytes` is 50 bytes; \
                `format = \"jpeg\"` makes smaller files";
    assert!(error.ends_with(said), "{error}");
}

fn text(result: Result<Vec<u8>, ExportError>) -> String {
    result.unwrap_err().to_string()
}

#[test]
fn what_is_no_picture_is_refused_with_what_it_is() {
    let png = wanted(10, 10, Format::Png);
    for (bytes, looks) in [
        (&b""[..], "is empty"),
        (b"GIF89a....", "is a GIF"),
        (b"\0\0\0\x20ftypavif", "is an AVIF"),
        (b" {\"error\":1}", "looks like JSON"),
        (b"<!doctype html>", "looks like HTML"),
        (b"<svg/>", "looks like SVG or XML"),
        (b"hello", "begins like no picture known here"),
    ] {
        let expected = format!("this is not a PNG, JPEG or WebP picture: it {looks}");
        assert_eq!(text(export(&png, bytes)), expected);
    }
}

#[test]
fn a_picture_that_is_cut_off_is_never_passed_on() {
    let picture = flat(64, 64);
    for (format, kind) in [
        (Format::Png, ImageFormat::Png),
        (Format::Jpeg, ImageFormat::Jpeg),
        (Format::WebP, ImageFormat::WebP),
    ] {
        let whole = file(DynamicImage::from(picture.clone()).into_rgb8(), kind);
        for keep in [13, whole.len() / 2, whole.len() - 2] {
            assert_eq!(
                export(&wanted(64, 64, format), &whole[..keep]),
                Err(ExportError::CutOff { format }),
                "{format:?} {keep}"
            );
        }
        let mut longer = whole.clone();
        longer.extend_from_slice(b"what some programs append");
        assert_eq!(export(&wanted(64, 64, format), &longer).unwrap(), longer);
    }
}

#[test]
fn damage_is_told() {
    let mut bytes = encode_picture(&flat(64, 64)).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0xff;
    assert!(
        text(export(&wanted(32, 32, Format::Png), &bytes))
            .starts_with("the PNG picture is damaged: ")
    );
}

#[test]
fn an_animation_is_refused() {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, 1, 1);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_animated(2, 0).unwrap();
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(&[0]).unwrap();
    writer.write_image_data(&[255]).unwrap();
    writer.finish().unwrap();
    assert_eq!(
        text(export(&wanted(1, 1, Format::Png), &bytes)),
        "the PNG picture is animated; gpbuild takes still pictures only"
    );
}

#[test]
fn a_decompression_bomb_is_refused_by_its_header() {
    let mut bomb = encode_picture(&flat(1, 1)).unwrap();
    bomb[16..24].copy_from_slice(&[0, 0, 0x75, 0x30, 0, 0, 0x75, 0x30]);
    let checksum = crc(&bomb[12..29]);
    bomb[29..33].copy_from_slice(&checksum.to_be_bytes());
    assert_eq!(
        text(export(&wanted(10, 10, Format::Png), &bomb)),
        "30000x30000 is too large; gpbuild takes at most 64 million pixels"
    );
    assert_eq!(
        dimensions(&bomb),
        Err(ExportError::TooManyPixels {
            width: 30_000,
            height: 30_000
        })
    );
}

fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            if crc & 1 == 1 {
                (crc >> 1) ^ 0xedb8_8320
            } else {
                crc >> 1
            }
        })
    })
}

#[test]
fn sizes_that_cannot_be_made_are_refused() {
    let source = encode_picture(&flat(4, 4)).unwrap();
    assert_eq!(
        text(export(&wanted(0, 10, Format::Png), &source)),
        "a PNG picture cannot be 0x10; each side is from 1 to 16777216"
    );
    assert_eq!(
        text(export(&wanted(20_000, 10, Format::WebP), &source)),
        "a WebP picture cannot be 20000x10; each side is from 1 to 16383"
    );
    assert_eq!(
        text(export(&wanted(10_000, 10_000, Format::Png), &source)),
        "10000x10000 is too large; gpbuild takes at most 64 million pixels"
    );
}

/// If this fails after an update of a library, the bytes of every export have changed: raise
/// [`super::VERSION`] together with the digests here.
#[test]
fn the_bytes_are_the_ones_they_always_were() {
    let opaque = encode_picture(&flat(160, 120)).unwrap();
    let noisy = encode_picture(&grainy(160, 120)).unwrap();
    let mut glass = flat(160, 120);
    for (n, pixel) in glass.pixels_mut().enumerate() {
        pixel.0[3] = (n % 256) as u8;
    }
    let glass = encode_picture(&glass).unwrap();
    let mut made = vec![opaque.clone(), noisy.clone(), glass.clone()];
    for source in [&opaque, &noisy, &glass] {
        for format in [Format::Png, Format::Jpeg, Format::WebP] {
            made.push(export(&wanted(100, 100, format), source).unwrap());
        }
    }
    let jpeg = export(&wanted(160, 120, Format::Jpeg), &noisy).unwrap();
    made.push(export(&wanted(200, 90, Format::Png), &jpeg).unwrap());
    let webp = export(&wanted(160, 120, Format::WebP), &glass).unwrap();
    made.push(export(&wanted(200, 90, Format::Png), &webp).unwrap());
    let digests: Vec<String> = made.iter().map(|bytes| Digest::of(bytes).short()).collect();
    assert_eq!(digests, GOLDEN);
}

const GOLDEN: [&str; 14] = [
    "489cd4575201",
    "49811902048a",
    "958121809ace",
    "2ffc6a669a34",
    "6ea9fde17c9a",
    "0934c0df0b26",
    "04501625581f",
    "6cf4a805faff",
    "f63f687972b6",
    "dea84608d17d",
    "8eec32d305ef",
    "eef71a99f17e",
    "cb5afa32382f",
    "f2715b2eb710",
];
