// What pages that show images share: tiles of the zoom that the screen shows, a scale bar, thumbnails.

const TILES_KEPT = 300;

// Tiles of one image in a box, over those of coarser zooms until they have arrived.
export class Tiles {
  constructor(box, address, failed) {
    Object.assign(this, { box, address, failed, kept: new Map() }); // "zoom/col/row" -> picture, the one wanted last at the end
  }

  clear() {
    for (const tile of this.kept.values()) tile.remove();
    this.kept.clear();
    this.box.hidden = true;
  }

  // Show an image { width_px, height_px, tiles } in a stage { width, height } at a view { scale, x, y }.
  show(image, view, stage) {
    this.box.hidden = false;
    const { side_px, zooms, least = 0 } = image.tiles, dots = devicePixelRatio || 1;
    const zoom = Math.min(zooms, Math.max(least, Math.floor(Math.log2(1 / (view.scale * dots)))));
    this.want(zooms, [0, 0, 0, 0]);                // the whole image in one: there is always something to see
    const side = side_px * 2 ** zoom, last = (length) => Math.ceil(length / side) - 1;
    const within = (at, length) => Math.min(last(length), Math.max(0, Math.floor(at / view.scale / side)));
    this.want(zoom, [within(-view.x, image.width_px), within(-view.y, image.height_px), within(stage.width - view.x, image.width_px), within(stage.height - view.y, image.height_px)]);
    for (const [name, tile] of this.kept) {
      if (this.kept.size <= TILES_KEPT) break;
      tile.remove();
      this.kept.delete(name);
    }
    for (const tile of this.kept.values()) {
      const [tileZoom, col, row] = tile.where, tileSide = side_px * 2 ** tileZoom;
      const [left, top] = [col * tileSide, row * tileSide];
      const [width, height] = [Math.min(tileSide, image.width_px - left), Math.min(tileSide, image.height_px - top)];
      Object.assign(tile.style, {
        transform: `translate(${view.x + left * view.scale}px, ${view.y + top * view.scale}px)`,
        width: `${width * view.scale}px`, height: `${height * view.scale}px`,
        zIndex: zooms - tileZoom, visibility: tileZoom >= zoom ? "visible" : "hidden", // finer ones are too sharp to be shown small
      });
    }
  }

  want(zoom, [left, top, right, bottom]) {
    for (let row = top; row <= bottom; row++) for (let col = left; col <= right; col++) {
      const name = `${zoom}/${col}/${row}`;
      let tile = this.kept.get(name);
      if (!tile) {
        tile = Object.assign(new Image(), { where: [zoom, col, row], alt: "" });
        tile.onerror = () => { if (this.kept.get(name) === tile) { tile.remove(); this.kept.delete(name); this.failed(); } };
        tile.src = this.address(name);
        this.box.append(tile);
      }
      this.kept.delete(name);
      this.kept.set(name, tile);
    }
  }
}

// The scale at which all of a picture fits into a box of the screen, with a margin.
export const scaleToFit = (box, picture) => Math.min((box.width - 24) / picture.width_px, (box.height - 24) / picture.height_px);

// The view of all of a picture, in the middle of the box.
export function centred(box, picture) {
  const scale = scaleToFit(box, picture);
  return { scale, x: (box.width - picture.width_px * scale) / 2, y: (box.height - picture.height_px * scale) / 2 };
}

// The view at another scale, while the point (x, y) of the screen stays where it is.
export const rescaled = (view, scale, x, y) => ({ scale, x: x - (x - view.x) * (scale / view.scale), y: y - (y - view.y) * (scale / view.scale) });

// Draw a scale bar of a round length: in µm where the resolution is known, else in pixels of the image.
export function showScale(bar, umPerPx, scale) {
  const unit = umPerPx || 1, most = 140 / scale * unit; // of the image, in 140 px of the screen
  const power = 10 ** Math.floor(Math.log10(most)), length = [5, 2, 1].map((digit) => digit * power).find((round) => round <= most);
  const words = umPerPx ? (length >= 1000 ? `${length / 1000} mm` : `${length} µm`) : `${length} px`;
  bar.hidden = false;
  bar.replaceChildren(words, Object.assign(document.createElement("i"), { style: "" }));
  bar.querySelector("i").style.width = `${(length / unit) * scale}px`;
}

// Fill a strip with a button per image; `images` have a name and words, `address` gives the thumbnail of a number.
export function showStrip(strip, images, address, open) {
  strip.replaceChildren(...images.map((image, number) => {
    const button = Object.assign(document.createElement("button"), { type: "button", title: `${image.name}: ${image.words}`, onclick: () => open(number) });
    const picture = Object.assign(document.createElement("img"), { loading: "lazy", alt: "", src: address(number) });
    const name = Object.assign(document.createElement("span"), { textContent: image.name.split("/").pop() });
    button.append(picture, name, Object.assign(document.createElement("span"), { textContent: image.words }));
    return button;
  }));
}

export function markInStrip(strip, number) {
  [...strip.children].forEach((button, other) => button.setAttribute("aria-current", other === number));
  strip.children[number]?.scrollIntoView({ block: "nearest", inline: "nearest" });
}
