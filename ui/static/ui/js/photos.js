// Photos are made small on the phone: 1,600 px on the long edge, turned upright, without EXIF.
const LONG_EDGE = 1600;
const QUALITY = 0.82;
const MOST_BYTES = 500 * 1024;

async function decode(file) {
  try {
    return await createImageBitmap(file, { imageOrientation: "from-image" });
  } catch {
    const image = new Image();
    image.src = URL.createObjectURL(file);
    await image.decode();
    return image;
  }
}

function encode(canvas, quality) {
  return new Promise((resolve) => {
    canvas.toBlob(resolve, "image/jpeg", quality);
  });
}

/** {blob, width, height}: a JPEG drawn anew, so nothing of the camera's metadata is left in it. */
export async function shrink(file) {
  const image = await decode(file);
  const [w, h] = [image.width || image.naturalWidth, image.height || image.naturalHeight];
  const scale = Math.min(1, LONG_EDGE / Math.max(w, h));
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(w * scale);
  canvas.height = Math.round(h * scale);
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  let blob = await encode(canvas, QUALITY);
  for (let quality = QUALITY - 0.12; blob.size > MOST_BYTES && quality > 0.3; quality -= 0.12) {
    blob = await encode(canvas, quality);
  }
  return { blob, width: canvas.width, height: canvas.height };
}
