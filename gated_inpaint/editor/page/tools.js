// From the pointer to marks: what each tool does while a button or a finger is down, and when it is let go. Pointers may report far
// more often than the screen shows: what they say is noted as it comes, and drawn once a frame.

import { Edit } from "./layer.js";
import { boxOfPoints, boxOfSegment, fillPolygon, fillRectangle, fillSegment, union } from "./shapes.js";

const CLICK = 4; // Pixels, in CSS's terms, within which a press is a click and no drag.

const CURSORS = { hand: "hand", rectangle: "cross", lasso: "cross", magic: "cross" };
const WITH_RING = ["brush", "eraser", "line", "sketch"];

export class Tools {
  // host: { document(), radius(), tool(), pressure(), finished(step, {isErased, layer}), findObject(points, isErased), onStroke() }
  constructor(view, host) {
    this.view = view;
    this.host = host;
    this.active = null; // What the pressed pointer does.
    this.touches = new Map();
    this.lastPoint = null;
    this.isSpaceDown = false;
    this.hover = null;
    this.areMarksOld = false;
    const marks = view.stage.querySelector("#marks");
    this.paths = marks.querySelectorAll("path");
    this.rings = marks.querySelectorAll("circle");
    view.onFrame = () => {
      this.flush();
      if (this.areMarksOld) this.drawMarks();
    };
    const target = view.overlay;
    target.addEventListener("pointerdown", (event) => this.down(event));
    target.addEventListener("pointermove", (event) => this.move(event));
    target.addEventListener("pointerup", (event) => this.up(event));
    target.addEventListener("pointercancel", (event) => this.up(event, true));
    target.addEventListener("pointerleave", () => ((this.hover = null), this.redraw()));
    target.addEventListener("contextmenu", (event) => event.preventDefault());
    target.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    target.addEventListener("dragstart", (event) => event.preventDefault());
  }

  // Has the ring and outlines drawn with the next frame.
  redraw() {
    this.areMarksOld = true;
    this.view.schedule();
  }

  get isBusy() {
    return this.active !== null && this.active.edit !== undefined;
  }

  down(event) {
    if (!this.host.document()) return;
    event.preventDefault();
    this.view.overlay.focus({ preventScroll: true });
    this.view.measure();
    this.view.overlay.setPointerCapture(event.pointerId);
    if (event.pointerType === "touch") {
      this.touches.set(event.pointerId, event);
      if (this.touches.size === 2) {
        this.drop();
        this.active = { kind: "pinch" };
        return;
      }
      if (this.touches.size > 2) return;
    }
    if (this.active) return;
    const tool = this.host.tool();
    const point = this.view.positionOf(event);
    const isErased = tool === "eraser" || event.button === 2 || event.buttons === 32 || (event.altKey && tool !== "hand");
    if (event.button === 1 || this.isSpaceDown || tool === "hand") {
      this.active = { kind: "pan", last: event };
      this.view.overlay.dataset.cursor = "grabbing";
      return;
    }
    const layer = tool === "sketch" ? this.host.document().needSketch() : this.host.document().mask;
    const start = { pointer: event.pointerId, start: point, pressed: event, isErased, layer };
    if (tool === "brush" || tool === "eraser" || tool === "sketch") {
      const from = event.shiftKey && this.lastPoint ? this.lastPoint : point;
      this.active = { ...start, kind: "stroke", edit: new Edit(layer), last: from, points: [] };
      this.stroke(event);
    } else if (tool === "lasso") this.active = { ...start, kind: "lasso", points: [point] };
    else this.active = { ...start, kind: tool, end: point };
    this.redraw();
  }

  // Notes where a stroke goes, and how wide it is there.
  stroke(event) {
    const radius = this.host.radius(this.host.tool());
    for (const each of coalesced(event)) {
      const pressure = each.pointerType === "pen" && this.host.pressure() ? Math.max(2 * each.pressure, 0.1) : 1;
      this.active.points.push({ ...this.view.positionOf(each), radius: Math.max(pressure * radius, 0.5) });
    }
  }

  // Draws what was noted since the last frame.
  flush() {
    const { active } = this;
    if (!active || active.kind !== "stroke" || !active.points.length) return;
    let box = null;
    for (const point of active.points) {
      active.edit.keep(boxOfSegment(active.layer, active.last, point, point.radius));
      box = union(box, fillSegment(active.layer, active.last, point, point.radius, active.isErased ? 0 : 1));
      active.last = point;
    }
    active.points = [];
    active.layer.changed(box);
  }

  move(event) {
    this.hover = event.pointerType === "touch" ? null : event;
    const { active } = this;
    if (this.touches.has(event.pointerId)) {
      const before = [...this.touches.values()];
      this.touches.set(event.pointerId, event);
      if (active && active.kind === "pinch" && this.touches.size === 2) this.pinch(before, [...this.touches.values()]);
    }
    if (active && active.kind === "pan") {
      this.view.moveBy((event.clientX - active.last.clientX) * this.view.ratio, (event.clientY - active.last.clientY) * this.view.ratio);
      active.last = event;
    } else if (active && active.pointer === event.pointerId) {
      if (active.kind === "stroke") this.stroke(event);
      else if (active.kind === "lasso") {
        for (const each of coalesced(event)) active.points.push(this.view.positionOf(each));
      } else active.end = this.view.positionOf(event);
    }
    this.redraw();
  }

  pinch(before, after) {
    const { view } = this;
    const middle = ([a, b]) => view.screenOf((a.clientX + b.clientX) / 2, (a.clientY + b.clientY) / 2);
    const distance = ([a, b]) => Math.max(Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY), 1);
    const [from, to] = [middle(before), middle(after)];
    view.moveBy(to.x - from.x, to.y - from.y);
    view.zoomTo((view.scale * distance(after)) / distance(before), to.x, to.y);
  }

  up(event, isCancelled = false) {
    this.touches.delete(event.pointerId);
    const { active } = this;
    if (!active) return;
    if (active.kind === "pinch") {
      if (this.touches.size === 0) this.active = null;
      return;
    }
    if (active.kind === "pan") {
      this.active = null;
      this.showCursor();
      return;
    }
    if (active.pointer !== event.pointerId) return;
    if (isCancelled) {
      this.drop();
      return;
    }
    this.flush();
    this.active = null;
    const value = active.isErased ? 0 : 1;
    const { layer } = active;
    if (active.kind === "stroke") {
      this.lastPoint = active.last;
      this.host.finished(active.edit.step(), active);
    } else if (active.kind === "magic") {
      const isClick = Math.hypot(event.clientX - active.pressed.clientX, event.clientY - active.pressed.clientY) < CLICK;
      this.host.findObject(isClick ? [active.start] : [active.start, active.end], active.isErased);
    } else {
      const edit = new Edit(layer);
      const radius = Math.max(this.host.radius("line"), 0.5);
      if (active.kind === "line") {
        edit.write(boxOfSegment(layer, active.start, active.end, radius), () => fillSegment(layer, active.start, active.end, radius, value));
      } else if (active.kind === "rectangle") {
        edit.write(boxOfPoints(layer, [active.start, active.end]), () => fillRectangle(layer, active.start, active.end, value));
      } else edit.write(boxOfPoints(layer, active.points), () => fillPolygon(layer, active.points, value));
      this.lastPoint = active.end || null;
      this.host.finished(edit.step(), active);
    }
    this.redraw();
  }

  // Gives up what was begun, as if it had not been.
  drop() {
    if (this.active && this.active.edit) this.active.edit.undo();
    this.active = null;
    this.redraw();
  }

  wheel(event) {
    event.preventDefault();
    if (!this.host.document()) return;
    const step = event.deltaMode === 1 ? 24 * event.deltaY : event.deltaMode === 2 ? 400 * event.deltaY : event.deltaY;
    if (event.altKey) this.host.resize(-Math.sign(step || event.deltaX));
    else {
      const { x, y } = this.view.screenOf(event.clientX, event.clientY);
      this.view.zoomTo(this.view.scale * Math.exp(-Math.max(Math.min(step, 300), -300) * (event.ctrlKey ? 0.01 : 0.0022)), x, y);
    }
    this.redraw();
  }

  showCursor() {
    const tool = this.host.tool();
    this.view.overlay.dataset.cursor = !this.host.document() ? "none-open" : this.isSpaceDown ? "hand" : CURSORS[tool] || "ring";
    this.redraw();
  }

  // The brush's ring, at its true size, and the outline of what is being drawn.
  drawMarks() {
    const { view, active } = this;
    this.areMarksOld = false;
    const at = (point) => {
      const { x, y } = view.onStage(point);
      return `${x.toFixed(1)} ${y.toFixed(1)}`;
    };
    let path = "";
    if (active && active.kind === "lasso") path = `M${active.points.map(at).join("L")}Z`;
    else if (active && active.kind === "line") path = `M${at(active.start)}L${at(active.end)}`;
    else if (active && (active.kind === "rectangle" || active.kind === "magic")) {
      const { start, end } = active;
      path = `M${[start, { x: end.x, y: start.y }, end, { x: start.x, y: end.y }].map(at).join("L")}Z`;
    }
    for (const one of this.paths) one.setAttribute("d", path);
    const hasRing = this.hover && this.host.document() && WITH_RING.includes(this.host.tool()) && !this.isSpaceDown;
    const radius = hasRing ? Math.max((this.host.radius(this.host.tool()) * view.scale) / view.ratio, 1.5) : 0;
    for (const ring of this.rings) {
      ring.setAttribute("r", radius);
      if (!hasRing) continue;
      ring.setAttribute("cx", this.hover.clientX - view.box.left);
      ring.setAttribute("cy", this.hover.clientY - view.box.top);
    }
  }
}

// All positions that the browser put into one event.
function coalesced(event) {
  const events = event.getCoalescedEvents ? event.getCoalescedEvents() : [];
  return events.length ? events : [event];
}
