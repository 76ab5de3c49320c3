// @ts-check
import { recall, remember } from './storage.js';

const key = 'picture';
/** Size and quality in which a picture is kept, so that it takes some 100 kB. */
const [width, height, quality] = [1280, 720, 0.85];

/**
 * Keeps a picture for backgrounds in this browser, and nowhere else.
 * @param {File} file
 * @returns {Promise<boolean>} false if it is none, or there is no room
 */
export async function keepPicture(file) {
  try {
    const bitmap = await createImageBitmap(file);
    const scale = Math.min(1, Math.max(width / bitmap.width, height / bitmap.height));
    const canvas = document.createElement('canvas');
    Object.assign(canvas, { width: Math.round(bitmap.width * scale), height: Math.round(bitmap.height * scale) });
    canvas.getContext('2d')?.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    bitmap.close();
    const url = canvas.toDataURL('image/jpeg', quality);
    remember(key, url);
    return recall(key, '') === url;
  } catch {
    return false;
  }
}

/** @returns {Promise<ImageBitmap>} the picture that is kept */
export async function keptPicture() {
  const image = new Image();
  image.src = recall(key, '');
  await image.decode();
  return createImageBitmap(image);
}
