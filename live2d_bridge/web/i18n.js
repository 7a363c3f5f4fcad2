/** The words of the pages, in the reader's language where we have it. `{name}` and the like are filled in. */
import { DESK } from "./i18n_desk.js";
import { EARS } from "./i18n_ears.js";

/** @typedef {keyof typeof EN} Word */

const EN = {
  idle: "here for you",
  listening: "listening",
  thinking: "thinking…",
  speaking: "speaking",
  connecting: "connecting…",
  lost: "connection lost, trying again…",
  full: "the stage is full, trying again…",
  wake: "Click to wake {name}",
  wake_hint: "or just start typing. Your browser wants a gesture before it plays sound.",
  say: "Say something to {name}…",
  send: "Send",
  stop: "Stop speaking",
  keys: "Enter sends · Shift+Enter new line · Esc stops · M microphone",
  chat: "Conversation",
  close: "Close",
  dismiss: "Dismiss",
  you: "You",
  empty: "Nothing said yet. Break the ice:",
  try_1: "Hi! Who are you?",
  try_2: "Tell me a short story",
  try_3: "What makes you happy?",
  interrupted: "interrupted",
  failed: "no answer",
  not_sent: "Not sent: there is no connection at the moment.",
  demo: "demo mind",
  demo_more: "connect a model",
  demo_title: "{name} speaks from a small built-in script",
  demo_text: "Start Ollama with qwen2.5 and it is noticed by itself. For another server, name it in conf.yaml and restart:",
  demo_problems: "What was tried",
  not_kept: "Nothing is kept",
  not_kept_text: "The file of conversations cannot be used: earlier ones are not shown, and what is said is forgotten when the server ends. Below is why.",
  other_llm: "{name} model",
  other_tts: "{name} voice",
  other_llm_title: "{name} answers in place of {first}",
  other_tts_title: "{name} speaks in place of {first}",
  other_text: "The first choice is asked again from time to time, and is back as soon as it answers.",
  forgotten: "She was restarted and does not remember what is above",
  first_audio: "first audio {ms} ms",
  threshold: "threshold {ms} ms",
  show_stages: "Show what took the time",
  waterfall_title: "First audio after {ms}",
  waterfall_late: "{over} too late. What took longest: {stage}, {ms}.",
  tape: "First audio of the last replies",
  tape_summary: "{count} measured · median {median} · past the threshold: {late}",
  stage_queue: "waiting",
  stage_llm: "model",
  stage_cut: "first words",
  stage_handover: "handover",
  stage_tts: "voice",
  stage_send: "sending",
  stage_quick: "quick reply",
  stage_filler: "filler",
  latency_late: "{figure} took {ms} ms (threshold {limit} ms); most of it in {stage}.",
  provider_failed: "{provider} failed: {message}",
  provider_fallback: "{provider} failed: {message} Going on with {fallback}.",
  sound: "Sound",
  volume: "Volume",
  mute: "Mute",
  unmute: "Unmute",
  sound_here: "The sound plays in this window.",
  sound_elsewhere: "Sound plays in another window",
  sound_nobody: "No window plays the sound.",
  sound_blocked: "The browser waits for a click before it plays sound.",
  play_here: "Play here",
  scene: "Scene",
  scene_color: "Colour",
  scene_picture: "Picture…",
  picture_large: "That picture is larger than 4 MB.",
  picture_bad: "That file is not a picture this browser can show.",
  obs: "Copy the link for OBS",
  obs_copied: "Link copied. In OBS: Sources → Browser, paste it, width 1920, height 1080.",
  obs_manual: "Use this link in an OBS browser source: {link}",
  server_error: "The server did not understand: {message}",
  ...EARS.en,
  ...DESK.en,
};

/** @type {Record<string, Record<Word, string>>} */
const WORDS = {
  en: EN,
  zh: {
    idle: "在这里陪你", listening: "正在听", thinking: "思考中…", speaking: "正在说话",
    connecting: "连接中…", lost: "连接已断开，正在重试…", full: "舞台已满，正在重试…",
    wake: "点击唤醒{name}", wake_hint: "或者直接开始打字。浏览器需要一次操作才会播放声音。",
    say: "对{name}说点什么…", send: "发送", stop: "停止说话", keys: "Enter 发送 · Shift+Enter 换行 · Esc 停止 · M 麦克风",
    chat: "对话", close: "关闭", dismiss: "知道了", you: "你", empty: "还没有对话，先打个招呼吧：",
    try_1: "你好！你是谁？", try_2: "给我讲个小故事", try_3: "什么事会让你开心？",
    interrupted: "被打断", failed: "没有回答", not_sent: "未发送：目前没有连接。",
    demo: "演示模式", demo_more: "接入模型", demo_title: "{name}现在用内置的小剧本说话",
    demo_text: "启动一个模型，或在 conf.yaml 中写上模型，然后重新启动：", demo_problems: "尝试过的",
    not_kept: "对话不会保存", not_kept_text: "对话文件无法使用：看不到以前的对话，服务器停止后，现在说的也会被忘记。原因如下。",
    other_llm: "{name} 模型", other_tts: "{name} 语音",
    other_llm_title: "{name} 代替 {first} 回答", other_tts_title: "{name} 代替 {first} 说话",
    other_text: "首选会不时重新尝试，一旦有应答就恢复使用。", forgotten: "她重新启动了，不记得以上的内容",
    first_audio: "首音 {ms} 毫秒", threshold: "阈值 {ms} 毫秒",
    show_stages: "查看耗时明细", waterfall_title: "{ms} 后首音", waterfall_late: "超出阈值 {over}。耗时最长：{stage}，{ms}。",
    tape: "最近回复的首音", tape_summary: "共 {count} 次 · 中位数 {median} · 超过阈值：{late}",
    stage_queue: "排队", stage_llm: "模型", stage_cut: "首句", stage_handover: "交接", stage_tts: "语音", stage_send: "发送",
    stage_quick: "快速回应", stage_filler: "填充语",
    latency_late: "{figure} 用了 {ms} 毫秒（阈值 {limit} 毫秒），主要耗时在 {stage}。",
    provider_failed: "{provider} 失败：{message}", provider_fallback: "{provider} 失败：{message} 改用 {fallback}。",
    sound: "声音", volume: "音量", mute: "静音", unmute: "取消静音", sound_here: "声音在此窗口播放。",
    sound_elsewhere: "声音在另一个窗口播放", sound_nobody: "没有窗口在播放声音。",
    sound_blocked: "浏览器需要点击一下才会播放声音。", play_here: "在此播放",
    scene: "场景", scene_color: "纯色", scene_picture: "图片…", picture_large: "图片超过 4 MB。",
    picture_bad: "浏览器无法显示这个文件。", obs: "复制 OBS 链接",
    obs_copied: "链接已复制。在 OBS 中：来源 → 浏览器，粘贴链接，宽 1920，高 1080。",
    obs_manual: "在 OBS 浏览器来源中使用此链接：{link}", server_error: "服务器没有理解：{message}",
    ...EARS.zh,
    ...DESK.zh,
  },
  ja: {
    idle: "ここにいるよ", listening: "聞いています", thinking: "考え中…", speaking: "話しています",
    connecting: "接続中…", lost: "接続が切れました。再接続しています…", full: "満員です。再試行しています…",
    wake: "クリックして{name}を起こす", wake_hint: "または、そのまま入力してください。音を出すには操作が一度必要です。",
    say: "{name}に話しかける…", send: "送信", stop: "話すのを止める", keys: "Enter 送信 · Shift+Enter 改行 · Esc 停止 · M マイク",
    chat: "会話", close: "閉じる", dismiss: "閉じる", you: "あなた", empty: "まだ会話がありません。話しかけてみましょう：",
    try_1: "こんにちは！あなたは誰？", try_2: "短いお話を聞かせて", try_3: "何をしている時が楽しい？",
    interrupted: "中断", failed: "返事なし", not_sent: "送信できません：接続がありません。",
    demo: "デモ", demo_more: "モデルを接続", demo_title: "{name}は内蔵の台本で話しています",
    demo_text: "モデルを起動するか conf.yaml に書いて、再起動してください：", demo_problems: "試したもの",
    not_kept: "会話は保存されません", not_kept_text: "会話のファイルが使えません。以前の会話は表示されず、サーバーを止めると今の会話も消えます。理由は次のとおりです。",
    other_llm: "{name} モデル", other_tts: "{name} の声",
    other_llm_title: "{first} の代わりに {name} が答えています", other_tts_title: "{first} の代わりに {name} が話しています",
    other_text: "第一候補はときどき再試行し、応答すればすぐに戻します。", forgotten: "再起動したため、ここより上は覚えていません",
    first_audio: "最初の音 {ms} ms", threshold: "しきい値 {ms} ms",
    show_stages: "時間の内訳を表示", waterfall_title: "最初の音まで {ms}", waterfall_late: "しきい値を {over} 超過。最長は{stage}（{ms}）。",
    tape: "最近の返事の最初の音", tape_summary: "{count} 件 · 中央値 {median} · しきい値超過：{late}",
    stage_queue: "待ち", stage_llm: "モデル", stage_cut: "出だし", stage_handover: "受け渡し", stage_tts: "音声", stage_send: "送信",
    stage_quick: "即答", stage_filler: "つなぎ",
    latency_late: "{figure} に {ms} ms（しきい値 {limit} ms）。主な原因：{stage}",
    provider_failed: "{provider} が失敗：{message}", provider_fallback: "{provider} が失敗：{message} {fallback} に切り替えます。",
    sound: "音", volume: "音量", mute: "ミュート", unmute: "ミュート解除", sound_here: "このウィンドウで音が鳴っています。",
    sound_elsewhere: "別のウィンドウで音が鳴っています", sound_nobody: "音を鳴らすウィンドウがありません。",
    sound_blocked: "音を出すにはクリックが必要です。", play_here: "ここで鳴らす",
    scene: "背景", scene_color: "単色", scene_picture: "画像…", picture_large: "画像が 4 MB を超えています。",
    picture_bad: "このファイルは表示できません。", obs: "OBS 用リンクをコピー",
    obs_copied: "コピーしました。OBS：ソース → ブラウザ に貼り付け、幅 1920、高さ 1080。",
    obs_manual: "OBS のブラウザソースでこのリンクを使ってください：{link}", server_error: "サーバーが理解できませんでした：{message}",
    ...EARS.ja,
    ...DESK.ja,
  },
};

/**
 * The language of ours that suits the reader best.
 * @param {readonly string[]} wanted BCP 47 tags, best first
 */
export function pickLanguage(wanted) {
  const found = wanted.map((tag) => tag.toLowerCase().split("-")[0]).find((tag) => tag in WORDS);
  return found ?? "en";
}

const language = pickLanguage(globalThis.navigator?.languages ?? []);

/** The language of the page's words, BCP 47. */
export const pageLanguage = language === "zh" ? "zh-Hans" : language;

/**
 * @param {Word} word
 * @param {Record<string, string | number>} [values]
 */
export function t(word, values = {}) {
  return WORDS[language][word].replace(/\{(\w+)\}/g, (whole, key) => String(values[key] ?? whole));
}

/** Words of every language, for tests. */
export const tables = WORDS;
