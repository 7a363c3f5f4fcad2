"""What recognisers make of what a microphone hears while the avatar speaks: signs, coughs, interruptions, echoes."""

from __future__ import annotations

import random

BACK_CHANNELS = (
    "uh-huh|Uh huh.|mm-hmm|Mmhmm.|Mhm.|mmmm|Hmm.|Yeah.|yeah, yeah|Yeah, yeah, okay.|Yep.|Right.|Right, right.|Okay.|"
    "OK, sure.|I see.|Oh, I see.|Got it.|Of course.|Exactly.|That's right.|That's true.|True.|Wow.|Woooow!|"
    "Oh, really?|Really?|No way!|Oh my God.|Haha.|Hahaha, nice.|Aww.|Makes sense.|Sure, sure, sure.|Oh, cool.|Yes.|"
    "Thank you.|Interesting.|Absolutely.|Ooooh.|嗯|嗯嗯|嗯嗯嗯。|嗯，好。|哦|哦哦|对|对对对|对啊|是的|是啊。|是吗？|"
    "好的|好好好|好，好的。|没错|真的吗？|真的假的|原来如此|这样啊|知道了|明白|当然|厉害|哈哈哈|うん|うんうん|うーん|"
    "うん、うん。|はい|はいはい|はい、そうですね。|ええ|へえ|へえー|へー、すごい|そう|そうそう|そうですか|そうなんだ|"
    "なるほど|なるほどね。|たしかに|確かに|ほんと？|マジで|すごーい|ふーん|あー、なるほど|わかりました|네|네네|"
    "네, 네.|예|응|응응|어|음...|아|아, 네|그래|그래 그래|그렇구나|그렇죠|맞아|맞아요|진짜?|정말요?|대박|우와|하하하|"
    "ㅋㅋㅋㅋ|알겠어요|좋아요"
).split("|")

COUGHS = (
    "|huh|Huh.|uh|Uh.|the|The.|ah|Ah.|Ahh!|(coughs)|(cough)|[cough]|[coughing]|[COUGH]|*coughs*|*cough*|"
    "(clears throat)|[clears throat]|you|You.|Oh.|oh|Ow!|Hm.|hmm|Mm.|M.|Ha.|ha ha|Heh.|Hah!|Hoo.|Ugh.|ugh|Eh.|A.|I|"
    "I.|.|...|…|Ahem.|ahem ahem|Achoo!|Cough.|cough cough|K.|Ka.|Pfft.|Tsk.|Phew.|Oof.|Thank you.|Bye.|So.|Yeah.|"
    "Okay.|♪|♪♪♪|[Music]|[BLANK_AUDIO]|(sighs)|(sneezes)|Hey.|Ho.|Hup!|Oh oh.|uh uh|咳|咳咳|咳咳咳|（咳嗽）|(咳嗽声)|"
    "【咳嗽】|啊|啊。|呃|嗯|哈|喝|嘿|阿嚏|谢谢|ゴホッ|ゴホゴホ|ゴホン|ゴホンゴホン|コホン|（咳）|(咳払い)|はっ|あっ|"
    "え|ハクション|콜록|콜록콜록|(기침)|에취|아|헉|크|흠|엣취|앗|음"
).split("|")

INTERRUPTIONS = (
    "Stop.|Wait.|Hold on.|Shut up.|Stop it!|Wait, wait, wait.|Okay, stop.|No, wait.|Hang on a second.|Excuse me.|"
    "That's enough.|Be quiet.|Can I ask you something?|What do you mean?|That's not what I asked.|"
    "Let's talk about something else.|How old are you?|No no no.|I have a question.|Who told you that?|"
    "Yeah, but why?|Tell me a joke instead.|I don't think that's right.|What time is it?|Can you say that again?|"
    "Sorry, I didn't catch that.|Never mind that.|Speak a little slower, please.|Do you like pizza?|"
    "You said furniture?|Furniture, are you serious?|Wait, a toaster?|What about the farm though?|"
    "Which temple was the best?|Actually, let me finish.|Change the subject.|I need to go now.|Play some music.|"
    "My dog is barking, one moment.|Uh, hello, can you hear me?|等等|等一下|停|别说了|闭嘴|不对不对不对|你说什么？|"
    "我有一个问题|换个话题吧|这不是我要问的|等一下，我没听懂|你能再说一遍吗|说慢一点好吗|现在几点了|你喜欢吃什么|"
    "我不同意你的说法|嗯，但是为什么呢|先别说这个|给我讲个笑话|你今年多大了|待って|ちょっと待って|ストップ|黙って|"
    "やめて|質問があります|それはどういう意味ですか|もう一回言って|話を変えよう|今何時ですか|いや、違うよそれは|"
    "もっとゆっくり話して|好きな食べ物は何|うん、でもどうして？|私の話を聞いて|すみません、聞こえますか|静かにして|"
    "それは知らなかったけど、なんで|ゲームの話をしよう|歌を歌ってくれる？|그만|잠깐만|잠깐|그만해|기다려|멈춰|"
    "질문이 있어요|그게 무슨 말이야?|다시 한번 말해줘|다른 얘기 하자|지금 몇 시야?|천천히 말해줄래?|뭐라고 했어?|"
    "너 몇 살이야?|네, 그런데 왜요?|그건 아닌 것 같은데|농담 하나 해줘|조용히 해|내 말 좀 들어봐|노래 불러줘"
).split("|")

SENTENCES = """
Oh, you came! I was about to start a conversation with the furniture.
Honestly, the lamp has better manners than half of my chat, but do not tell them.
So there I was, three in the morning, arguing with a toaster about the meaning of toast.
The weather today is supposed to be sunny, which means that I will stay inside and complain.
My favourite game is the one where you build a tiny farm and forget to sleep for a week.
If you ever visit Kyoto, go to the temples early, before the tour buses find them.
A neural network is just a lot of multiplication wearing a very expensive coat.
You could start with the chorus and then write the verses around it, that usually works.
I once tried to bake bread, and the fire brigade still sends me a card every Christmas.
The capital of Australia is Canberra, and no, I did not have to look that up.
Let me tell you a secret about the moon, it has been following us for years.
When the knight finally reached the castle, the dragon had already moved out.
Wait, stop right there, because this is the part where everybody starts to cry.
Okay, so first you boil the water, then you add the pasta, and then you wait nine minutes.
I see what you did, and I want you to know that I am very proud of you.
Yes, exactly, the quiet ones are always the ones who win the tournament in the end.
Shut up and take my money is what I say whenever somebody opens a box of biscuits.
Penguins propose with pebbles, which is cheaper than a diamond and much harder to lose.
Can you imagine a world without coffee, because I tried that once and it lasted an hour.
My grandmother used to say that a cold soup is better than a warm argument.
The trick with chess is to look confident until the other person makes a mistake.
Tomorrow we will read the second chapter, and somebody will finally open that strange door.
Thank you for the kind words, they are going straight onto my imaginary refrigerator.
Some cats sleep for sixteen hours a day, and honestly that is the career I wanted.
哈哈，俺老孙来也！客官，今天是打妖怪，还是先吃桃子？
我觉得今天的天气特别适合出去走走，不过我还是想待在家里打游戏。
上次我在北京吃的烤鸭真的太好吃了，皮脆肉嫩，蘸着甜面酱。
这个问题其实很简单，你只要先把水烧开，然后再放面条就可以了。
很久很久以前，有一只小狐狸住在山里，它最喜欢的事情就是看月亮。
学习一门新的语言最重要的是每天都坚持练习，不要怕说错。
等一下，让我想想这个故事应该从哪里开始讲起才好。
昨天晚上我梦见自己变成了一条鱼，在大海里游来游去。
周末我们可以一起去图书馆看书，或者去公园放风筝。
其实机器人也会累的，只是我们不会像人类一样打哈欠。
今日はとてもいい天気だから、散歩に行きたい気分です。
昨日の夜、友達と一緒に新しいゲームをずっと遊んでいました。
日本の夏はとても暑いので、冷たいお茶をたくさん飲んでくださいね。
この曲は私が一番好きな曲で、毎朝起きると必ず聞いています。
ちょっと待って、その話は前にも聞いたことがある気がする。
猫が窓の外を見ているときは、だいたい鳥のことを考えています。
宿題が終わったら、みんなで一緒にケーキを食べましょう。
私の夢は、いつか宇宙から地球を眺めることなんです。
오늘은 날씨가 정말 좋아서 산책을 하고 싶은 기분이에요.
어제 밤에 친구들하고 새로 나온 게임을 계속 했는데 너무 재미있었어요.
이 노래는 제가 제일 좋아하는 노래라서 매일 아침에 꼭 들어요.
잠깐만요, 그 이야기는 조금 이따가 다시 해 드릴게요.
겨울에는 따뜻한 코코아 한 잔이 세상에서 제일 행복한 맛이에요.
고양이는 하루에 열여섯 시간이나 잔다고 하는데 정말 부러워요.
주말에 같이 영화를 보러 가면 좋을 것 같은데 어떻게 생각해요?
요리를 잘하려면 먼저 칼을 무서워하지 않는 것부터 시작해야 해요.
""".strip().split("\n")

_LIKE = dict(zip("aeiouptkbdgszfvmnlrcy", "ieuaobdgptkzsvfnmrlki", strict=True))
_COMMON = "the a to of and in is it you that was for on are with as be this from or".split()
_HAN = "的了是我不在有他这个们来到时大地为子中你说"
_KANA = "のにはをたがでてとしれさあるいなか"
_HANGUL = "이가은는을를에고도지하다어서기"


def heard_as(text: str, errors: float, chance: random.Random) -> tuple[str, str]:
    """What of a text comes before some stretch of three words or more, and that stretch as a recogniser hears it that gets this
    share of the words wrong.

    Of scripts without spaces, and of Korean, the words are the letters.
    """
    letters = not text.isascii()
    units = (
        [char for char in text if char.isalnum() or (char == " " and "가" <= text[0] <= "힣")]
        if letters
        else text.split()
    )
    start = chance.randrange(len(units) - 3)
    gap = "" if letters else " "
    before = gap.join(units[:start])
    units = units[start : chance.randint(start + 3, len(units))]
    wrong = set(chance.sample(range(len(units)), round(errors * len(units))))
    mishear = _letter_wrong if letters else _word_wrong
    parts = [mishear(unit, chance) if index in wrong else unit for index, unit in enumerate(units)]
    return before, gap.join(filter(None, parts))


def _letter_wrong(letter: str, chance: random.Random) -> str:
    """Another one that is often written, or none."""
    if letter == " ":
        return ""
    known = _HANGUL if "가" <= letter <= "힣" else _KANA if "\u3040" <= letter <= "\u30ff" else _HAN
    return chance.choice([chance.choice(known), chance.choice(known), ""])


def _word_wrong(word: str, chance: random.Random) -> str:
    """One that sounds alike, some common word, none, two for one, or one too many."""
    kind = chance.randrange(6)
    if kind == 0:
        return chance.choice(_COMMON)
    if kind == 1:
        return ""
    if kind == 2 and len(word) > 5:
        return f"{word[: len(word) // 2]} {word[len(word) // 2 :]}"
    if kind == 3:
        return f"{word} {chance.choice(_COMMON)}"
    place = chance.randrange(len(word))
    return word[:place] + _LIKE.get(word[place].lower(), "e") + word[place + 1 :]
