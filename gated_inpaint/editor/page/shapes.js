// Which pixels a shape covers. Positions are in pixels of the photo, [0, 0] its upper left corner; a pixel is covered if its centre,
// half a pixel further, is. Nothing is blended: a pixel is in or out. Each function fills an array [height * width] with a value and
// returns the box that it may have changed, [left, top, right, bottom] with right and bottom exclusive, or null.

// All pixels within a radius of the segment from a to b, and those that a and b lie in.
export function fillSegment(layer, a, b, radius, value) {
  const { width, height, data } = layer;
  const top = Math.max(Math.ceil(Math.min(a.y, b.y) - radius - 0.5), 0);
  const bottom = Math.min(Math.floor(Math.max(a.y, b.y) + radius - 0.5) + 1, height);
  const length = Math.hypot(b.x - a.x, b.y - a.y);
  // Corners of the rectangle between the two discs.
  const across = length > 0 ? { x: (-(b.y - a.y) / length) * radius, y: ((b.x - a.x) / length) * radius } : null;
  const corners = across && [
    { x: a.x + across.x, y: a.y + across.y },
    { x: b.x + across.x, y: b.y + across.y },
    { x: b.x - across.x, y: b.y - across.y },
    { x: a.x - across.x, y: a.y - across.y },
  ];
  let left = width;
  let right = 0;
  for (let row = top; row < bottom; row++) {
    const y = row + 0.5;
    let first = Infinity;
    let last = -Infinity;
    for (const centre of [a, b]) {
      const half = radius * radius - (y - centre.y) * (y - centre.y);
      if (half >= 0) {
        first = Math.min(first, centre.x - Math.sqrt(half));
        last = Math.max(last, centre.x + Math.sqrt(half));
      }
    }
    for (let i = 0; corners && i < 4; i++) {
      const p = corners[i];
      const q = corners[(i + 1) % 4];
      if (p.y !== q.y && Math.min(p.y, q.y) <= y && y <= Math.max(p.y, q.y)) {
        const x = p.x + ((y - p.y) / (q.y - p.y)) * (q.x - p.x);
        first = Math.min(first, x);
        last = Math.max(last, x);
      }
    }
    const begin = Math.max(Math.ceil(first - 0.5), 0);
    const end = Math.min(Math.floor(last - 0.5) + 1, width);
    if (begin < end) {
      data.fill(value, row * width + begin, row * width + end);
      left = Math.min(left, begin);
      right = Math.max(right, end);
    }
  }
  let box = left < right ? [left, top, right, bottom] : null;
  for (const { x, y } of [a, b]) {
    const [column, row] = [Math.floor(x), Math.floor(y)];
    if (column >= 0 && row >= 0 && column < width && row < height) {
      data[row * width + column] = value;
      box = union(box, [column, row, column + 1, row + 1]);
    }
  }
  return box;
}

// A box of the layer that holds all that `fillSegment` writes to, or null.
export function boxOfSegment({ width, height }, a, b, radius) {
  return boxInside(
    width, height,
    Math.min(a.x, b.x) - radius, Math.min(a.y, b.y) - radius,
    Math.max(a.x, b.x) + radius, Math.max(a.y, b.y) + radius,
  );
}

// The same for `fillRectangle` and `fillPolygon`.
export function boxOfPoints({ width, height }, points) {
  const [across, down] = [points.map(({ x }) => x), points.map(({ y }) => y)];
  return boxInside(width, height, Math.min(...across), Math.min(...down), Math.max(...across), Math.max(...down));
}

function boxInside(width, height, left, top, right, bottom) {
  const box = [
    Math.max(Math.floor(left), 0),
    Math.max(Math.floor(top), 0),
    Math.min(Math.floor(right) + 1, width),
    Math.min(Math.floor(bottom) + 1, height),
  ];
  return box[0] < box[2] && box[1] < box[3] ? box : null;
}

// From the pixel that a lies in to the one that b lies in, both included.
export function fillRectangle(layer, a, b, value) {
  const { width, height, data } = layer;
  const left = Math.max(Math.floor(Math.min(a.x, b.x)), 0);
  const right = Math.min(Math.floor(Math.max(a.x, b.x)) + 1, width);
  const top = Math.max(Math.floor(Math.min(a.y, b.y)), 0);
  const bottom = Math.min(Math.floor(Math.max(a.y, b.y)) + 1, height);
  if (left >= right || top >= bottom) return null;
  for (let row = top; row < bottom; row++) data.fill(value, row * width + left, row * width + right);
  return [left, top, right, bottom];
}

// What a closed line winds around, whichever way and however often.
export function fillPolygon(layer, points, value) {
  const { width, height, data } = layer;
  const top = Math.max(Math.floor(Math.min(...points.map((p) => p.y))), 0);
  const bottom = Math.min(Math.ceil(Math.max(...points.map((p) => p.y))), height);
  let box = null;
  for (let row = top; row < bottom; row++) {
    const y = row + 0.5;
    const crossings = [];
    for (let i = 0; i < points.length; i++) {
      const p = points[i];
      const q = points[(i + 1) % points.length];
      if (p.y <= y !== q.y <= y) crossings.push([p.x + ((y - p.y) / (q.y - p.y)) * (q.x - p.x), p.y <= y ? 1 : -1]);
    }
    crossings.sort((p, q) => p[0] - q[0]);
    let winding = 0;
    for (let i = 0; i + 1 < crossings.length; i++) {
      winding += crossings[i][1];
      if (winding === 0) continue;
      const begin = Math.max(Math.ceil(crossings[i][0] - 0.5), 0);
      const end = Math.min(Math.ceil(crossings[i + 1][0] - 0.5), width);
      if (begin < end) {
        data.fill(value, row * width + begin, row * width + end);
        box = union(box, [begin, row, end, row + 1]);
      }
    }
  }
  return box;
}

// All pixels within a radius of what is 1; for a negative one, all of what is 0 is grown instead. Writes anywhere, returns nothing.
export function grow(layer, pixels) {
  const { width, height, data } = layer;
  const value = pixels > 0 ? 1 : 0;
  const radius = Math.abs(pixels);
  const before = data.slice();
  const halves = [];
  for (let dy = 0; dy <= radius; dy++) halves.push(Math.floor(Math.sqrt(radius * radius - dy * dy)));
  for (let row = 0; row < height; row++) {
    const begin = row * width;
    for (let column = 0; column < width; column++) {
      if (before[begin + column] !== value) continue;
      // Within a run, only its ends and the pixels above and below others need discs.
      const isInside =
        column > 0 && column + 1 < width && before[begin + column - 1] === value && before[begin + column + 1] === value &&
        row > 0 && row + 1 < height && before[begin + column - width] === value && before[begin + column + width] === value;
      if (isInside) continue;
      for (let dy = -radius; dy <= radius; dy++) {
        const y = row + dy;
        if (y < 0 || y >= height) continue;
        const half = halves[Math.abs(dy)];
        data.fill(value, y * width + Math.max(column - half, 0), y * width + Math.min(column + half + 1, width));
      }
    }
  }
}

export function union(one, other) {
  if (!one || !other) return one || other;
  return [Math.min(one[0], other[0]), Math.min(one[1], other[1]), Math.max(one[2], other[2]), Math.max(one[3], other[3])];
}
