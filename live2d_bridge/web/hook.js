/**
 * `window.hayakuchi`: a read-only view of the page for tests and overlays. It changes nothing and only ever grows.
 *
 * - `state()`: `{link, session, viewer, phase, turn, caption, mouth, shown_ms, sound, player}`; `shown_ms` is
 *   the place in the turn's sound that `caption` and `mouth` were drawn for; `sound` is one of `off`,
 *   `blocked`, `here`, `elsewhere`, `nobody`; `player` is null where the page plays no sound, else
 *   `{kind, state, sample_rate, underruns, gaps, played_ms, playing}`; `paused`: the voice is held; `mic` is null where the
 *   page has no microphone, else `{state, mode, level, sent, device}`: see mic_state.js, dBFS, frames that were sent, an id.
 * - `levels()`: what left the player's last node, `{rms, recent, peak, energy}`, see audio/meter.js; null without a player.
 */

/**
 * @typedef {object} Parts
 * @property {import("./client.js").StageClient} client
 * @property {import("./sound_seat.js").SoundSeat} seat
 * @property {import("./show.js").Show} show
 * @property {import("./mic_seat.js").MicSeat} [mic]
 */

/** @param {Parts} parts */
export function exposeHook({ client, seat, show, mic }) {
  let session = "";
  let viewer = "";
  client.on("session.snapshot", (snapshot) => ({ session, viewer } = snapshot));
  const player = () => {
    if (!seat.player) return null;
    const heard = seat.player.heard();
    return { ...seat.player.stats(), played_ms: heard?.ms ?? 0, playing: heard?.playing ?? false };
  };
  const hook = {
    state: () => ({
      link: client.link.state, session, viewer, phase: show.phase, turn: show.timeline.turn, caption: show.caption,
      mouth: { ...show.mouth }, shown_ms: show.shownMs, sound: seat.state, player: player(), paused: show.paused,
      mic: mic ? { state: mic.state, mode: mic.mode, level: mic.device.level, sent: mic.sent, device: mic.device.id } : null,
    }),
    levels: () => seat.player?.levels() ?? null,
  };
  Object.defineProperty(window, "hayakuchi", { value: Object.freeze(hook) });
}
