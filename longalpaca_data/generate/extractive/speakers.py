"""Who speaks in a Chinese text: names before or behind a quoted line.

Chinese has no capitals and no spaces, so a name is known by its use: it stands alone between a
mark and a verb of saying, again and again. Roles (老者), crowds (眾人), pronouns do so as well and
are no names; a wrong name would be a wrong answer, so what is doubtful is left out.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache

from longalpaca_data.core.language import HAN_CHARACTERS
from longalpaca_data.generate.extractive.parsed_part import ParsedPart

_ZH_NAME = rf"(?P<name>[{HAN_CHARACTERS}]{{2,4}}?)"
_ZH_MANNER = (
    rf"(?:[又便忙也即因遂乃就方再][{HAN_CHARACTERS}]{{0,2}}|[冷大微陪暗嘻哈哭苦][{HAN_CHARACTERS}]?笑|笑|哭|喜|怒|驚|惊"
    r"|大[喜怒驚惊叫喝]|問|问|答|喝|叫|高叫|罵|骂|嘆|叹|歎|回|應|应|接|厲聲|厉声|輕聲|轻声|低聲|低声|小聲|小声|吩咐)?"
)
_ZH_BEFORE = re.compile(
    rf"(?:(?<=[。！？；，”」』\s])|^){_ZH_NAME}{_ZH_MANNER}(?P<verb>[道曰說说問问答喊])：[“「]",
    re.MULTILINE,
)
_ZH_AFTER = re.compile(rf"(?<=[”」]){_ZH_NAME}{_ZH_MANNER}[說说道問问答喊]道?(?=。|，[“「])")
_SURNAMES = frozenset(
    "赵趙钱錢孙孫李周吴吳郑鄭王冯馮陈陳褚卫衛蒋蔣沈韩韓杨楊朱秦尤许許吕呂施张張孔曹严嚴华華金魏陶姜戚谢謝邹鄒"
    "喻柏窦竇章苏蘇潘葛范彭郎鲁魯韦韋马馬苗方俞任袁柳鲍鮑史唐费費薛雷贺賀倪汤湯滕罗羅毕畢郝邬鄔常乐樂"
    "傅皮卞齐齊康伍余顾顧孟黄黃萧蕭尹姚邵汪祁毛狄臧计計伏戴宋庞龐熊纪紀舒屈项項祝董梁杜阮蓝藍闵閔季贾賈江童"
    "颜顏郭梅盛林钟鍾徐邱骆駱高夏蔡田樊胡凌霍虞万萬柯管卢盧莫丁邓鄧洪石崔龚龔程邢裴陆陸荣榮翁荀甄曲封靳井段焦"
    "巴牧谷车車侯宓蓬全班仰仲伊宫宮宁寧仇栾欒甘武符刘劉景詹龙龍叶葉司黎薄蒲卓蔺藺池乔喬阴陰温溫庄莊晏柴瞿阎閻"
    "慕连連茹习習艾向古易慎廖衡步耿满滿匡寇广廣师師巩鞏聂聶冷简簡饶饒曾沙丰豐关關欧歐上诸諸权權支娄婁遲迟浦牛宗"
)
_NO_NAME = re.compile(
    r"[我你他她它您咱俺吾汝爾彼此這这那某自誰谁何其之的了著着過过不是在把被將将與与同和對对向從从說说道問问聽听見见看想笑哭喝"
    r"叫罵骂又便忙也即因遂乃就卻却只方才連连都皆齊齐再還还并並正]|^[眾众諸诸各大小老]|^[一二三四五六七八九十兩两][人個个位僧怪]"
    r"|(?:人|們|们)$|和尚$|童[兒儿子]|王子|娘娘|菩[薩萨]|先[鋒锋]|[羅罗][漢汉剎刹]|[歡欢喜悅悦心]|口里|上前|上寫|上写|高聲|高声|石上|方丈|高僧"
)
_ROLE = re.compile(
    r"(?:母親|母亲|父親|父亲|老者|老兒|老儿|老婦|婆|丈人|主人|差人|客人|家人|夫人|太太|奶奶|娘子|小姐|丫頭|丫头|先生|公子|老爺|老爷"
    r"|大爺|大爷|爺|爷|道士|道人|和尚|知縣|知县|太守|知府|國王|国王|皇帝|太子|公主|員外|员外|官|家|子|小廝|小厮|小妖|妖|怪|精"
    r"|兒子|儿子|女兒|女儿|女|僧|童|書辦|书办|管家|媒|匠|兵|漢|汉|長|长"
    r"|王|魔|神|鬼|賊|贼|將|将|帝|后|妃|師|师|徒|尼|叟|翁|姑|嫂|父|母|老|兄|弟|哥|姐|妹|叔|伯|土地|真君|星君|天尊)$"
)
_ADDRESS = re.compile(r"^.[王父母兄弟爺爷夫童婆奴徒尚]$")  # 王爺, 龍王, 師父: a rank, not a surname
_OFTEN = 6  # speeches after which a name without a known surname counts as one


@lru_cache(maxsize=8)
def zh_speakers(reading: ParsedPart) -> frozenset[str]:
    """Return the proper names that introduce speech again and again in a Chinese window.

    With a known surname three speeches will do (one misread clause makes one, not three);
    without, six, and the word must not be a role (老者, 公子) nor be counted or pointed at (一個X).
    """
    text = reading.text
    times = Counter(match["name"] for match in (*speaks_before(text), *speaks_after(text)))
    return frozenset(
        name
        for name, count in times.items()
        if not _NO_NAME.search(name) and not _ADDRESS.match(name) and _is_person(text, name, count)
    )


def _is_person(text: str, name: str, count: int) -> bool:
    if name[0] in _SURNAMES:
        return count >= 3
    if count < _OFTEN or _ROLE.search(name):
        return False
    pointed = len(re.findall(rf"(?:[個个位名眾众諸诸幾几]|[一兩两三]只){name}", text))
    return pointed <= 0.03 * text.count(name)


def speaks_before(text: str) -> Iterator[re.Match[str]]:
    """Yield each "NAME says:" before an opening quotation mark (the match ends with the mark)."""
    return _ZH_BEFORE.finditer(text)


def speaks_after(text: str) -> Iterator[re.Match[str]]:
    """Yield each "NAME says" right behind a closing quotation mark, as modern prose has it."""
    return _ZH_AFTER.finditer(text)
