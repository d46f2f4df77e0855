// A line graph on a canvas: a few series over the same seconds, the newest at the right.

// Points further apart are not joined, in milliseconds.
const GAP = 1000;

export class Graph {
  /** `series` maps a name to the CSS variable of its colour; `window` is in milliseconds. */
  constructor(canvas, { series, window, unit }) {
    Object.assign(this, { canvas, window, unit, points: new Map() });
    for (const [name, colour] of Object.entries(series)) this.points.set(name, { colour, values: [] });
    this.draw();
  }

  add(name, value, time = performance.now()) {
    this.points.get(name).values.push({ time, value });
    this.schedule();
  }

  clear() {
    for (const { values } of this.points.values()) values.length = 0;
    this.schedule();
  }

  schedule() {
    this.pending ??= requestAnimationFrame(() => {
      this.pending = undefined;
      this.draw();
    });
  }

  draw() {
    const { canvas } = this;
    const ratio = devicePixelRatio || 1;
    const width = canvas.clientWidth || 600;
    const height = Number(canvas.getAttribute('data-height') ?? canvas.height);
    canvas.setAttribute('data-height', height);
    canvas.style.height = `${height}px`;
    canvas.width = width * ratio;
    canvas.height = height * ratio;
    const context = canvas.getContext('2d');
    context.scale(ratio, ratio);
    const style = getComputedStyle(document.documentElement);
    const colour = (name) => {
      context.canvas.style.color = `var(${name})`;
      return getComputedStyle(context.canvas).color || style.color;
    };

    const end = Math.max(0, ...[...this.points.values()].flatMap(({ values }) => values.slice(-1).map((p) => p.time)));
    const start = end - this.window;
    for (const { values } of this.points.values()) {
      while (values.length > 1 && values[1].time < start) values.shift();
    }
    const visible = [...this.points.values()].flatMap(({ values }) => values.map((p) => p.value));
    const top = nice(Math.max(...visible, 1e-9));
    const x = (time) => ((time - start) / this.window) * width;
    const y = (value) => height - 4 - (value / top) * (height - 20);

    context.font = '11px system-ui, sans-serif';
    context.fillStyle = colour('--quiet');
    context.strokeStyle = colour('--line');
    for (const part of [0, 0.5, 1]) {
      context.beginPath();
      context.moveTo(0, y(top * part));
      context.lineTo(width, y(top * part));
      context.stroke();
      if (part > 0) context.fillText(`${format(top * part)} ${this.unit}`, 2, y(top * part) - 3);
    }
    context.lineWidth = 1.6;
    context.lineJoin = 'round';
    for (const { colour: name, values } of this.points.values()) {
      context.strokeStyle = colour(name);
      context.beginPath();
      values.forEach((p, i) => {
        const joined = i > 0 && p.time - values[i - 1].time < GAP;
        context[joined ? 'lineTo' : 'moveTo'](x(p.time), y(p.value));
      });
      context.stroke();
    }
  }
}

/** The next of 1, 2, 5, 10, … */
function nice(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return power * [1, 2, 5, 10].find((step) => step * power >= value * 0.999);
}

const format = (value) => (value >= 10 ? value.toFixed(0) : String(Number(value.toPrecision(2))));
