'use strict';
(() => {
  const data = JSON.parse(document.getElementById('data').textContent);
  const $ = (id) => document.getElementById(id);
  const canvas = $('canvas'), pen = canvas.getContext('2d');
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const state = { clip: null, frame: 0, playing: true, view: null, pointer: null, stale: true };

  // ---- data ------------------------------------------------------------------------------------------------------

  const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));

  /** Decode a clip once: points (M,T,V,3) in display axes (x right, y away, z up), NaN where a joint is missing. */
  function decode(clip) {
    if (clip.points) return clip;
    const [people, frames, joints, channels] = clip.shape;
    const view = new DataView(bytes(clip.data).buffer);
    clip.raw = new Float64Array(people * frames * joints * channels);
    for (let i = 0; i < clip.raw.length; i++) {
      const number = view.getInt16(2 * i, true);
      clip.raw[i] = number === data.missing ? NaN : clip.offset[i % channels] + clip.scale * number;
    }
    clip.points = new Float64Array(people * frames * joints * 3);
    for (let i = 0; i < people * frames * joints; i++) {
      for (let row = 0; row < 3; row++) {
        let sum = 0;
        for (let c = 0; c < channels; c++) sum += clip.basis[row][c] * clip.raw[i * channels + c];
        clip.points[3 * i + row] = sum;
      }
    }
    const anchors = new DataView(bytes(clip.anchors).buffer);
    clip.path = Float64Array.from({ length: frames * 3 }, (_, i) => anchors.getFloat32(4 * i, true));
    clip.graph = data.layouts[clip.layout];
    return clip;
  }

  const anchorOf = (clip, frame) => (state.view.follow ? clip.path.subarray(3 * frame, 3 * frame + 3) : [0, 0, 0]);

  function pointOf(clip, person, frame, joint) {
    const [, frames, joints] = clip.shape;
    const at = 3 * ((person * frames + frame) * joints + joint), anchor = anchorOf(clip, frame);
    return [clip.points[at] - anchor[0], clip.points[at + 1] - anchor[1], clip.points[at + 2] - anchor[2]];
  }

  /** Corners of all points, relative to the anchor where the view follows the people. */
  function boxOf(clip) {
    const low = [Infinity, Infinity, Infinity], high = [-Infinity, -Infinity, -Infinity];
    const [people, frames, joints] = clip.shape;
    for (let m = 0; m < people; m++) for (let t = 0; t < frames; t++) for (let v = 0; v < joints; v++) {
      const point = pointOf(clip, m, t, v);
      if (point[0] !== point[0]) continue;
      for (let i = 0; i < 3; i++) {
        low[i] = Math.min(low[i], point[i]);
        high[i] = Math.max(high[i], point[i]);
      }
    }
    return { low, high };
  }

  // ---- camera: the arithmetic of camera.py -----------------------------------------------------------------------

  function project(point) {
    const { target, azimuth, elevation, distance } = state.view;
    const a = azimuth * Math.PI / 180, e = elevation * Math.PI / 180;
    const x = point[0] - target[0], y = point[1] - target[1], z = point[2] - target[2];
    const right = x * Math.cos(a) - y * Math.sin(a), away = x * Math.sin(a) + y * Math.cos(a);
    const up = z * Math.cos(e) + away * Math.sin(e), depth = away * Math.cos(e) - z * Math.sin(e);
    const scale = 1 / Math.max(1 + depth / distance, 0.05);
    return { x: right * scale, y: up * scale, depth, scale };
  }

  function niceStep(size) {
    const power = 10 ** Math.floor(Math.log10(size));
    return power * [5, 2, 1].find((step) => step * power <= size * (1 + 1e-9));
  }

  function floorLines(clip, frame) {
    if (clip.flat) return [];
    const { low, high } = state.view.box, anchor = anchorOf(clip, frame), lines = [];
    const margin = 0.1 * Math.max(high[0] - low[0], high[1] - low[1], high[2] - low[2]);
    const z = clip.floor;
    const step = niceStep(Math.max((Math.max(high[0] - low[0], high[1] - low[1]) + 2 * margin) / 5, 1e-6));
    const ends = [0, 1].map((i) => {
      const first = Math.floor((low[i] - margin + anchor[i]) / step), last = Math.ceil((high[i] + margin + anchor[i]) / step);
      const clamp = (k) => {
        const value = k * step - anchor[i];
        return state.view.follow ? Math.min(Math.max(value, low[i] - margin), high[i] + margin) : value;
      };
      return Array.from({ length: last - first + 1 }, (_, k) => clamp(first + k));
    });
    const [xs, ys] = ends;
    for (const x of xs) lines.push([[x, ys[0], z], [x, ys.at(-1), z]]);
    for (const y of ys) lines.push([[xs[0], y, z], [xs.at(-1), y, z]]);
    return lines;
  }

  /** Look at the clip from where the pictures do, as large as it fits. */
  function resetView(follow) {
    const clip = state.clip;
    state.view = { follow, azimuth: 0, elevation: 0, distance: Infinity, zoom: 1, pan: { x: 0, y: 0 } };
    const box = boxOf(clip), size = Math.hypot(...box.high.map((value, i) => value - box.low[i])) || 1;
    Object.assign(state.view, { box, size, target: box.high.map((value, i) => (value + box.low[i]) / 2) });
    if (!clip.flat) {
      const { azimuth, distance } = data.camera;
      Object.assign(state.view, { azimuth, elevation: clip.elevation, distance: distance * size / 2 });
    }
    let [left, right, bottom, top] = [Infinity, -Infinity, Infinity, -Infinity];
    const take = (point) => {
      const { x, y } = project(point);
      if (x !== x) return;
      left = Math.min(left, x); right = Math.max(right, x); bottom = Math.min(bottom, y); top = Math.max(top, y);
    };
    const [people, frames, joints] = clip.shape;
    for (let m = 0; m < people; m++) for (let t = 0; t < frames; t++) for (let v = 0; v < joints; v++) take(pointOf(clip, m, t, v));
    for (const line of floorLines(clip, 0)) line.forEach(take);
    state.view.bounds = { x: (left + right) / 2, y: (bottom + top) / 2, width: right - left || 1, height: top - bottom || 1 };
    $('follow').checked = follow;
    state.stale = true;
  }

  function toScreen(point) {
    const { bounds, zoom, pan } = state.view, width = canvas.clientWidth, height = canvas.clientHeight;
    const unit = zoom * 0.9 * Math.min(width / bounds.width, height / bounds.height);
    const seen = project(point);
    return {
      x: width / 2 + pan.x + (seen.x - bounds.x) * unit, y: height / 2 + pan.y - (seen.y - bounds.y) * unit,
      depth: seen.depth, scale: seen.scale,
    };
  }

  // ---- picture ---------------------------------------------------------------------------------------------------

  function line(a, b, colour, width, cap) {
    pen.strokeStyle = colour; pen.lineWidth = width; pen.lineCap = cap;
    pen.beginPath(); pen.moveTo(a.x, a.y); pen.lineTo(b.x, b.y); pen.stroke();
  }

  const between = (a, b, part) => ({ x: a.x + part * (b.x - a.x), y: a.y + part * (b.y - a.y) });

  function draw() {
    const clip = state.clip, graph = clip.graph, frame = state.frame, [people, , joints] = clip.shape;
    const ratio = devicePixelRatio || 1, width = canvas.clientWidth, height = canvas.clientHeight;
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
    }
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    const style = getComputedStyle(document.documentElement), colour = (name) => style.getPropertyValue(name).trim();
    const palette = data.colours[dark.matches ? 'dark' : 'light'];
    const page = colour('--page'), floor = colour('--floor');
    pen.fillStyle = page;
    pen.fillRect(0, 0, width, height);
    for (const [a, b] of floorLines(clip, frame)) line(toScreen(a), toScreen(b), floor, 1, 'butt');

    const thick = Math.min(Math.max(Math.min(width, height) / 90, 2), 7) * Math.sqrt(state.view.zoom);
    const items = [], shadow = new Path2D();
    state.joints = [];
    for (let person = 0; person < people; person++) {
      const colours = palette[person % palette.length];
      const points = Array.from({ length: joints }, (_, joint) => pointOf(clip, person, frame, joint));
      const dots = points.map((point) => (point[0] === point[0] ? toScreen(point) : null));
      graph.edges.forEach(([child, parent], bone) => {
        const a = dots[child], b = dots[parent];
        if (!a || !b) return;
        items.push({ a, b, depth: (a.depth + b.depth) / 2, colour: colours[graph.boneSides[bone]] });
        if (clip.flat) return;
        const [c, d] = [child, parent].map((joint) => toScreen([points[joint][0], points[joint][1], clip.floor]));
        shadow.moveTo(c.x, c.y);
        shadow.lineTo(d.x, d.y);
      });
      dots.forEach((dot, joint) => {
        if (!dot) return;
        items.push({ a: dot, depth: dot.depth - 1e-6 * state.view.size, colour: colours[graph.jointSides[joint]] });
        state.joints.push({ ...dot, person, joint });
      });
    }
    pen.strokeStyle = colour('--shadow'); pen.lineWidth = 0.8 * thick; pen.lineCap = 'round';
    pen.stroke(shadow);
    items.sort((one, other) => other.depth - one.depth);
    for (const { a, b, colour: paint } of items) {
      if (b) {
        const joint = 1.5 * thick / Math.max(Math.hypot(a.x - b.x, a.y - b.y), 1e-6);
        if (joint < 0.5) line(between(a, b, joint), between(b, a, joint), page, (thick + 2) * a.scale, 'butt');
        line(a, b, paint, thick * (a.scale + b.scale) / 2, 'round');
      } else {
        pen.fillStyle = paint;
        pen.beginPath(); pen.arc(a.x, a.y, 0.85 * thick * a.scale, 0, 2 * Math.PI); pen.fill();
      }
    }
    if (state.pointer) drawName(colour, width);
    const [light, left, right] = palette[0];
    $('left').style.setProperty('--colour', left);
    $('right').style.setProperty('--colour', right);
    const seconds = (number) => (number / clip.fps).toFixed(2);
    $('time').textContent = `${frame} / ${clip.shape[1] - 1}   ${seconds(frame)} s`;
    $('frame').value = frame;
    state.stale = false;
  }

  /** Name and coordinates of the joint under the pointer. */
  function drawName(colour, width) {
    const far = (dot) => Math.hypot(dot.x - state.pointer.x, dot.y - state.pointer.y);
    const near = state.joints.filter((dot) => far(dot) < 14).sort((one, other) => far(one) - far(other))[0];
    if (!near) return;
    const clip = state.clip, [, frames, joints, channels] = clip.shape;
    const at = ((near.person * frames + state.frame) * joints + near.joint) * channels;
    const numbers = Array.from(clip.raw.subarray(at, at + channels), (value) => Number(value.toPrecision(4)));
    const text = `${near.joint} ${clip.graph.joints[near.joint]}  (${numbers.join(', ')}) ${clip.graph.unit}`;
    pen.font = '13px system-ui, sans-serif';
    const long = pen.measureText(text).width + 12, x = Math.min(near.x + 12, width - long - 4), y = Math.max(near.y - 32, 4);
    pen.fillStyle = colour('--panel'); pen.strokeStyle = colour('--line'); pen.lineWidth = 1;
    pen.fillRect(x, y, long, 22); pen.strokeRect(x, y, long, 22);
    pen.fillStyle = colour('--text');
    pen.fillText(text, x + 6, y + 15);
  }

  // ---- controls --------------------------------------------------------------------------------------------------

  function choose(number) {
    const clip = decode(data.clips[number]);
    Object.assign(state, { clip, number, frame: 0, elapsed: 0 });
    document.querySelectorAll('#clips a').forEach((link) => {
      if (Number(link.dataset.number) !== number) return link.removeAttribute('aria-current');
      link.setAttribute('aria-current', 'true');
      link.scrollIntoView({ block: 'nearest' });
    });
    const persons = clip.shape[0] > 1 ? `${clip.shape[0]} persons` : '1 person';
    $('about').querySelector('h2').textContent = clip.label || clip.caption || clip.id;
    $('about').querySelector('p').textContent = [
      clip.label ? clip.caption : '', clip.label || clip.caption ? clip.id : '', clip.layout, persons, `${clip.shape[1]} frames at ${Number(clip.fps.toFixed(2))} fps`,
    ].filter(Boolean).join(' · ');
    $('frame').max = clip.shape[1] - 1;
    $('sides').hidden = !clip.graph.jointSides.some(Boolean);
    resetView(clip.travels);
  }

  function play(on) {
    state.playing = on;
    $('play').textContent = on ? 'Pause' : 'Play';
  }

  function goTo(frame) {
    const frames = state.clip.shape[1];
    state.frame = (frame + frames) % frames;
    state.elapsed = state.frame / state.clip.fps;
    state.stale = true;
  }

  function step(frames) {
    play(false);
    goTo(state.frame + frames);
  }

  function stepClip(by) {
    const shown = [...document.querySelectorAll('#clips li:not([hidden]) a')];
    const at = shown.findIndex((link) => Number(link.dataset.number) === state.number);
    const next = shown[Math.min(Math.max(at + by, 0), shown.length - 1)];
    if (next) location.hash = next.hash;
  }

  function makeList() {
    data.clips.forEach((clip, number) => {
      const item = document.createElement('li'), link = document.createElement('a');
      const name = document.createElement('b'), rest = document.createElement('small');
      name.textContent = clip.label || clip.caption || clip.id;
      rest.textContent = clip.label || clip.caption ? clip.id : clip.layout;
      link.href = `#${number + 1}`;
      link.dataset.number = number;
      link.title = [clip.label, clip.caption, clip.id].filter(Boolean).join('\n');
      link.append(name, rest);
      item.append(link);
      $('clips').append(item);
    });
  }

  function filter() {
    const words = $('filter').value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    document.querySelectorAll('#clips li').forEach((item) => {
      const text = item.firstChild.title.toLowerCase();
      item.hidden = !words.every((word) => text.includes(word));
      shown += !item.hidden;
    });
    const all = data.clips.length;
    $('count').textContent = shown === all ? `${all} clips` : `${shown} of ${all} clips`;
  }

  function fromHash() {
    const number = Number(location.hash.slice(1)) - 1;
    choose(data.clips[number] ? number : 0);
  }

  function turn(dx, dy) {
    state.view.azimuth += 0.4 * dx;
    state.view.elevation = Math.min(Math.max(state.view.elevation + 0.4 * dy, -89), 89);
    state.stale = true;
  }

  function zoom(factor) {
    const before = state.view.zoom;
    state.view.zoom = Math.min(Math.max(before * factor, 0.2), 20);
    state.view.pan.x *= state.view.zoom / before;
    state.view.pan.y *= state.view.zoom / before;
    state.stale = true;
  }

  /** Move the picture; zooming keeps the middle of the canvas in place. */
  function pan(dx, dy) {
    state.view.pan.x += dx;
    state.view.pan.y += dy;
    state.stale = true;
  }

  /** One finger or button turns (or pans: right button, shift, flat clips); two fingers pan and zoom. */
  function listenToPointers() {
    const down = new Map();
    const spread = () => {
      const [one, other] = [...down.values()];
      return Math.hypot(one.x - other.x, one.y - other.y);
    };
    canvas.addEventListener('pointerdown', (event) => {
      down.set(event.pointerId, { x: event.offsetX, y: event.offsetY });
      canvas.setPointerCapture(event.pointerId);
    });
    canvas.addEventListener('pointermove', (event) => {
      const here = { x: event.offsetX, y: event.offsetY }, before = down.get(event.pointerId);
      state.pointer = here;
      state.stale = true;
      if (!before) return;
      const [dx, dy] = [here.x - before.x, here.y - before.y];
      const distance = down.size === 2 ? spread() : 0;
      down.set(event.pointerId, here);
      if (down.size === 2) {
        pan(dx / 2, dy / 2);
        zoom(spread() / Math.max(distance, 1));
      } else if (down.size === 1) {
        (state.clip.flat || event.shiftKey || event.buttons === 2 ? pan : turn)(dx, dy);
      }
    });
    const up = (event) => down.delete(event.pointerId);
    canvas.addEventListener('pointerup', up);
    canvas.addEventListener('pointercancel', up);
    canvas.addEventListener('pointerleave', () => { state.pointer = null; state.stale = true; });
    canvas.addEventListener('wheel', (event) => { event.preventDefault(); zoom(Math.exp(-event.deltaY / 500)); }, { passive: false });
    canvas.addEventListener('contextmenu', (event) => event.preventDefault());
    canvas.addEventListener('dblclick', () => resetView(state.view.follow));
  }

  function listenToControls() {
    $('play').addEventListener('click', () => play(!state.playing));
    $('frame').addEventListener('input', () => { play(false); goTo(Number($('frame').value)); });
    $('follow').addEventListener('change', () => resetView($('follow').checked));
    $('reset').addEventListener('click', () => resetView(state.view.follow));
    $('filter').addEventListener('input', filter);
    addEventListener('hashchange', fromHash);
    new ResizeObserver(() => { state.stale = true; }).observe(canvas);
    dark.addEventListener('change', () => { state.stale = true; });
    const keys = {
      ' ': () => play(!state.playing), ArrowLeft: () => step(-1), ArrowRight: () => step(1),
      ArrowUp: () => stepClip(-1), ArrowDown: () => stepClip(1),
    };
    addEventListener('keydown', (event) => {
      if (['INPUT', 'SELECT', 'BUTTON'].includes(event.target.tagName) || event.ctrlKey || event.metaKey || event.altKey || !keys[event.key]) return;
      event.preventDefault();
      keys[event.key]();
    });
  }

  let last = null;
  function tick(now) {
    const passed = last === null ? 0 : Math.min((now - last) / 1000, 0.25);
    last = now;
    const clip = state.clip, frames = clip.shape[1];
    if (state.playing && frames > 1) {
      state.elapsed = (state.elapsed + passed * Number($('speed').value)) % (frames / clip.fps);
      const frame = Math.min(Math.floor(state.elapsed * clip.fps + 1e-6), frames - 1);
      if (frame !== state.frame) { state.frame = frame; state.stale = true; }
    }
    if (state.stale) draw();
    requestAnimationFrame(tick);
  }

  makeList();
  filter();
  listenToPointers();
  listenToControls();
  fromHash();
  play(!matchMedia('(prefers-reduced-motion: reduce)').matches);
  requestAnimationFrame(tick);
})();
