// A layer, or a box of it, as a PNG of one bit a pixel, white where it is marked: a mask as any program takes it, and what is sent
// to the server.

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  for (let k = 0; k < 8; k++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
  return n >>> 0;
});

export async function pngOf(layer, [left, top, right, bottom] = [0, 0, layer.width, layer.height]) {
  const [width, height] = [right - left, bottom - top];
  const stride = 1 + Math.ceil(width / 8);
  const lines = new Uint8Array(stride * height); // Each begins with its filter: none.
  for (let row = 0; row < height; row++) {
    const begin = (top + row) * layer.width + left;
    const line = layer.data.subarray(begin, begin + width);
    const to = row * stride + 1;
    const first = line.indexOf(1);
    if (first < 0) continue;
    for (let column = first, last = line.lastIndexOf(1); column <= last; column++) {
      lines[to + (column >> 3)] |= line[column] << (7 - (column & 7));
    }
  }
  const stream = new Blob([lines]).stream().pipeThrough(new CompressionStream("deflate"));
  const packed = new Uint8Array(await new Response(stream).arrayBuffer());
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header[8] = 1; // Bits; then gray, and the only compression, filters and no interlacing.
  return new Blob([Uint8Array.from(SIGNATURE), chunk("IHDR", header), chunk("IDAT", packed), chunk("IEND", new Uint8Array())], {
    type: "image/png",
  });
}

function chunk(kind, body) {
  const bytes = new Uint8Array(12 + body.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, body.length);
  for (let i = 0; i < 4; i++) bytes[4 + i] = kind.charCodeAt(i);
  bytes.set(body, 8);
  let crc = 0xffffffff;
  for (let i = 4; i < 8 + body.length; i++) crc = CRC_TABLE[(crc ^ bytes[i]) & 255] ^ (crc >>> 8);
  view.setUint32(8 + body.length, (crc ^ 0xffffffff) >>> 0);
  return bytes;
}

// Writes what the server found to an edit's layer: a box, and its rows as bits.
export async function writeFound(edit, { begin, end, bits }, value) {
  const packed = Uint8Array.from(atob(bits), (letter) => letter.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  const rows = new Uint8Array(await new Response(stream).arrayBuffer());
  const [top, left] = begin;
  const [bottom, right] = end;
  if (top >= bottom) return;
  const { data, width } = edit.layer;
  const stride = Math.ceil((right - left) / 8);
  edit.write([left, top, right, bottom], () => {
    for (let row = top; row < bottom; row++) {
      for (let x = 0; x < right - left; x++) {
        if ((rows[(row - top) * stride + (x >> 3)] >> (7 - (x & 7))) & 1) data[row * width + left + x] = value;
      }
    }
  });
}
