"""What listeners say without wanting to speak, and what they say to make somebody stop, by language.

Entries are separated by commas, and repeating or stretching one makes no other of it. A sound that a cough is taken for
stands with the back-channels.
"""

from __future__ import annotations

from typing import Final

SOUNDS: Final = """
m, hm, mhm, uh, um, ah, oh, eh, er, erm, uhm, huh, hu, ha, haha, hehe, heh, hah, aha, oo, ooh, ow, wow, woah, whoa,
aw, aww, ugh, hmph, pf, phew, tsk, ahem, achoo, cough, mm hm, uh huh, uh uh, ok, okay, k, o k, lol, yep, yup, yeah,
yea, ya, nah, 嗯, 呃, 啊, 哦, 噢, 唔, 哈, 嘿, 哎, 欸, 诶, 呀, 哇, 咳, 嗯哼, 阿嚏, うん, ん, ああ, あ, おお, お, え,
へえ, へ, ほう, ふん, は, あは, ふふ, げほ, ごほ, こほ, ごほん, はくしょん, えへん, ㅋ, ㅎ, 응, 어, 음, 아, 오, 와,
하, 허, 흠, 에, 콜록, 에취, 에헴, ага, угу, м, хм, а, о, э
"""
"""The same in all languages, or written in letters that only one of them has."""

BACK_CHANNELS: Final = {
    "en": """
yes, yes yes, right, thats right, alright, all right, sure, sure thing, i see, i know, i get it, got it, gotcha,
of course, exactly, true, thats true, so true, very true, really, oh really, for real, seriously, indeed, absolutely,
definitely, totally, certainly, nice, very nice, cool, great, good, very good, perfect, fine, awesome, amazing,
interesting, very interesting, no way, oh my god, oh my gosh, oh my, my god, omg, goodness, makes sense,
that makes sense, fair enough, thats fair, same, same here, me too, go on, please go on, keep going, thanks,
thank you, thank you so much, thank you very much, is that so, is it, i understand, understood, oh no, oh dear,
ah i see, well, so, bye, you know, you dont say, no kidding, how nice, thats nice, thats great, thats cool,
thats good, thats funny, funny, i agree, agreed, oh i see""",
    "zh": """
对, 对的, 对啊, 对对, 对呀, 是, 是的, 是啊, 是吗, 是吧, 是呀, 是这样, 这样, 这样啊, 这样子, 原来如此, 原来是这样, 好,
好的, 好吧, 好啊, 好呀, 行, 行吧, 可以, 没错, 没问题, 当然, 真的, 真的吗, 真的啊, 真的假的, 不会吧, 不是吧, 天哪,
天啊, 我的天, 知道, 知道了, 我知道, 我知道了, 明白, 明白了, 我明白, 懂了, 我懂, 了解, 有道理, 有意思, 厉害, 太好了,
太棒了, 不错, 也是, 确实, 的确, 谢谢, 谢谢你, 嗯嗯, 嗯好, 哈哈, 嘻嘻, 呵呵, 哎呀, 哎哟, 继续, 你说, 你继续, 接着说,
然后呢, 就是, 就是说, 同意, 是哦, 好哦, 對, 對的, 對啊, 是嗎, 這樣, 這樣啊, 原來如此, 沒錯, 沒問題, 當然, 真的嗎,
謝謝, 確實""",
    "ja": """
はい, ええ, そう, そうそう, そうだ, そうだね, そうですね, そうですか, そうなんだ, そうなの, そうなんですか,
そうなんですね, そっか, そうか, そうですよね, そうだよね, そうね, なるほど, なるほどね, なるほどですね, たしかに,
確かに, ほんと, ほんとに, ほんとう, 本当, 本当に, 本当ですか, ほんとうに, まじ, まじで, うそ, 嘘, すごい, すごいね,
すごいですね, いいね, いいですね, わかる, 分かる, わかった, 分かった, わかりました, 分かりました, 了解, オッケー,
おけ, もちろん, やっぱり, やっぱ, ですね, だね, ですよね, だよね, ね, ねえ, へえそうなんだ, ふうん, ふむ, ふむふむ,
おもしろい, 面白い, ありがとう, ありがとうございます, どうも, それで, うんそう, うんうん, ははは, あはは, えっと,
あの, まあ, 続けて, どうぞ, いや, さすが""",
    "ko": """
네, 예, 네네, 그래, 그래요, 그렇지, 그렇죠, 그렇구나, 그렇군요, 그러네, 그러네요, 그러게, 그러게요, 그렇네, 그쵸,
그치, 맞아, 맞아요, 맞네, 맞습니다, 진짜, 진짜요, 진짜로, 정말, 정말요, 정말로, 대박, 헐, 우와, 와우, 알았어, 알겠어,
알겠어요, 알겠습니다, 알았어요, 아하, 아하하, 하하하, 오케이, 좋아, 좋아요, 좋네, 좋네요, 물론, 물론이지, 물론이죠,
당연하지, 당연하죠, 당연, 그럼, 그럼요, 아 그래, 아 그렇구나, 아 네, 재밌네, 재미있네, 재밌다, 재밌네요, 멋지다,
멋지네, 멋져, 고마워, 고마워요, 감사합니다, 감사해요, 계속해, 계속해요, 그니까, 그러니까, 이해했어, 이해해, 인정,
설마, 어머, 어머나, 세상에""",
    "es": """
sí, si, claro, claro que sí, vale, bueno, ya, ya veo, entiendo, entendido, exacto, exactamente, cierto, es cierto,
verdad, es verdad, de verdad, así es, por supuesto, de acuerdo, perfecto, genial, qué bien, qué bueno, en serio,
no me digas, ajá, ay, gracias, muchas gracias, tal cual""",
    "fr": """
oui, ouais, mouais, ah oui, ah bon, bon, bien, bien sûr, d'accord, je vois, je comprends, compris, exactement, exact,
c'est vrai, vrai, vraiment, voilà, tout à fait, en effet, ça marche, super, génial, ah ouais, ben, bah, euh, hein,
c'est ça, carrément, merci, ah d'accord, pas mal""",
    "de": """
ja, jaja, jawohl, genau, stimmt, das stimmt, klar, na klar, ach so, achso, ach, aha, verstehe, ich verstehe,
verstanden, richtig, gut, sehr gut, alles klar, natürlich, echt, wirklich, ach ja, ach was, ja genau, eben, okay gut,
schön, super, toll, interessant, doch, na ja, naja, tja, danke, äh, ähm, öh, ach echt, ja ja, sicher, ganz genau,
krass, stark, cool""",
    "pt": """
sim, é, é mesmo, é verdade, verdade, claro, certo, tá, tá bom, tá certo, está bem, entendi, entendo, pois é, pois,
pois sim, isso, isso mesmo, exato, exatamente, com certeza, beleza, legal, que legal, nossa, sério, jura, ah tá, né,
aham, uhum, obrigado, obrigada, ah sim, bom, ótimo""",
    "ru": """
да, да да, ну да, да уж, так, так так, конечно, точно, понятно, ясно, понял, поняла, понимаю, верно, правда,
правильно, хорошо, ладно, ну, именно, вот именно, согласен, согласна, ого, ух ты, ничего себе, надо же, интересно,
серьёзно, серьезно, здорово, круто, отлично, спасибо, ой, эх, ах""",
}

STOPS: Final = {
    "en": """
stop, stop it, please stop, stop talking, stop there, wait, wait a minute, wait a second, wait wait, hold on,
hold it, hang on, hang on a second, shut up, be quiet, quiet, silence, hush, shush, enough, thats enough, pause,
excuse me, one moment, one second, just a second, just a moment, not now, never mind, nevermind, cut it out,
let me speak, can you stop, could you stop, i said stop""",
    "zh": """
等等, 等一下, 等下, 等一等, 等会, 等会儿, 稍等, 稍等一下, 慢着, 且慢, 停, 停下, 停一下, 停下来, 打住, 别说了, 别说,
不要说了, 别讲了, 别吵, 闭嘴, 住口, 安静, 够了, 好了好了, 行了, 算了, 打断一下, 不好意思, 抱歉打断, 別說了, 閉嘴,
安靜, 夠了, 等會""",
    "ja": """
待って, まって, ちょっと待って, ちょっとまって, ちょっと, 待った, 待て, まて, ストップ, 止めて, とめて, 止まって,
やめて, やめろ, 黙って, 黙れ, だまって, うるさい, 静かに, しずかに, もういい, もういいよ, もういいです, すみません,
ごめん, ごめんね, 一旦止めて""",
    "ko": """
그만, 그만해, 그만해요, 그만하세요, 잠깐, 잠깐만, 잠깐만요, 잠시만, 잠시만요, 기다려, 기다려요, 기다려봐, 멈춰,
멈춰요, 스톱, 스탑, 정지, 조용, 조용히, 조용히 해, 닥쳐, 됐어, 됐어요, 저기요, 저기, 시끄러워, 말하지 마, 있잖아""",
    "es": """
para, para ya, basta, espera, espera un momento, un momento, alto, detente, cállate, silencio, ya basta, oye,
perdona, perdón""",
    "fr": """
stop, arrête, arrêtez, attends, attendez, une seconde, un instant, tais-toi, taisez-vous, silence, ça suffit, assez,
pardon, pause""",
    "de": """
stopp, stop, halt, warte, warte mal, warten, moment, moment mal, einen moment, sei still, sei ruhig, ruhe, aufhören,
hör auf, genug, schluss, pause, sekunde, entschuldigung, psst""",
    "pt": """
pare, para, para com isso, chega, espera, espera aí, espere, um momento, calma, peraí, cala a boca, silêncio, quieta,
quieto, basta""",
    "ru": """
стоп, стой, стойте, хватит, подожди, подождите, погоди, погодите, минутку, секунду, замолчи, молчи, тихо, перестань,
довольно, прекрати, помолчи, извини, извините, пауза""",
}
