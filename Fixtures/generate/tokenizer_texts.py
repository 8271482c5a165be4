"""Texts for the tokenizers: what they are trained on, and what they are asked."""

# One instruction in many scripts; the first halves are trained on, the second halves are not.
LANGUAGES = {
    "english": "pick up the red cup and place it on the table|open the drawer, then close it",
    "german": "nimm die rote Tasse und stelle sie auf den Tisch|öffne die Schublade für größere Töpfe",
    "french": "prends la tasse rouge et pose-la sur la table|où est l'œuf brûlé, là-bas ?",
    "spanish": "toma la taza roja y ponla sobre la mesa|¿dónde está el año pasado? ¡aquí!",
    "turkish": "kırmızı fincanı al ve masanın üstüne koy|İstanbul'da ılık içecek",
    "vietnamese": "nhặt chiếc cốc màu đỏ và đặt nó lên bàn|mở ngăn kéo rồi đóng lại",
    "polish": "weź czerwony kubek i postaw go na stole|zażółć gęślą jaźń",
    "greek": "πάρε το κόκκινο φλιτζάνι και βάλε το στο τραπέζι|άνοιξε το συρτάρι",
    "russian": "возьми красную чашку и поставь её на стол|открой ящик и закрой его",
    "armenian": "վերցրու կարմիր բաժակը և դիր սեղանին|բացիր դարակը",
    "georgian": "აიღე წითელი ჭიქა და დადე მაგიდაზე|გააღე უჯრა",
    "hebrew": "קח את הכוס האדומה ושים אותה על השולחן|פתח את המגירה",
    "arabic": "خذ الكوب الأحمر وضعه على الطاولة|افتح الدُّرْج ثم أغلقه",
    "persian": "فنجان قرمز را بردار و روی میز بگذار|می‌خواهم کشو را باز کنی",
    "hindi": "लाल कप उठाओ और मेज़ पर रखो|दराज़ खोलो, फिर बंद करो",
    "bengali": "লাল কাপটি তুলে টেবিলে রাখো|ড্রয়ার খোলো",
    "tamil": "சிவப்பு கோப்பையை எடுத்து மேசையில் வை|இழுப்பறையைத் திற",
    "thai": "หยิบถ้วยสีแดงแล้ววางบนโต๊ะ|เปิดลิ้นชักแล้วปิด",
    "khmer": "យកពែងក្រហមដាក់លើតុ|បើកថត",
    "amharic": "ቀዩን ኩባያ አንሳና ጠረጴዛው ላይ አስቀምጥ|መሳቢያውን ክፈት",
    "chinese": "把红色的杯子拿起来放在桌子上|打开抽屉,然后关上。",
    "japanese": "赤いカップを取ってテーブルの上に置いてください|引き出しを開けて、ゆっくり閉める",
    "korean": "빨간 컵을 집어서 탁자 위에 놓아라|서랍을 열고 닫아라",
}
LANGUAGES = {name: text.split("|") for name, text in LANGUAGES.items()}

VERBS = "pick up|grasp|lift|push|pull|open|close|wipe|stack|rotate|pour|press|hand over|fold".split("|")
THINGS = "red cup|blue bowl|green block|drawer|towel|sponge|spoon|left button|water bottle|box|apple".split("|")
PLACES = "on the table|in the sink|into the basket|next to the plate|behind the robot|under the lamp".split("|")

DETECTIONS = ["<loc0003> <loc0012><loc0007>", "cup <loc0001>;bowl<loc0015>"]


def corpus():
    english = [f"{verb} the {thing} {place}" for verb in VERBS for thing in THINGS for place in PLACES]
    code = ["if (count == 12) {", "====", "--------", "........", "hahaha", "aaaa bbbb abababab", "x1 = 3.14159"]
    return english + 40 * [first for first, _ in LANGUAGES.values()] + 10 * code


def samples():
    """Name to text: what is trained on and what is not, and every edge that is known to differ somewhere."""
    found = {f"{name}-{number}": text for name, texts in LANGUAGES.items() for number, text in enumerate(texts)}
    edges = {
        "empty": "", "space": " ", "two-spaces": "  ", "newline": "\n", "leading-space": " pick up",
        "leading-spaces": "    pick up", "trailing-spaces": "pick up   ", "inner-spaces": "pick  up   the    cup",
        "many-spaces": " " * 45 + "x" + " " * 31 + "y" + " " * 32, "newlines": "open\n\nclose\n\n\n\nwipe\n",
        "many-newlines": "\n" * 40, "space-newline": "cup \n \n  bowl", "tab": "a\tb", "tabs": "\t\tpush\t\t\t",
        "tab-runs": "\t" * 9, "carriage-return": "pick\r\nup\r", "zero-byte": "a\0b\0\0", "controls": "\x01\x02\x1b[0m\x7f\x85",
        "non-breaking-space": "a\u00a0b\u202f\u3000c", "line-separators": "a\u2028b\u2029c",
        "zero-width": "a\u200bb\u200dc\ufeffd", "byte-order-mark": "\ufeffcup", "directions": "\u202ecup\u202c \u2066x\u2069",
        "digits": "0123456789 3.14159 1,000,000 -12 0x1F", "other-digits": "٠١٢٣ ०१२३ ０１２３ ⅷ ②",
        "long-word": "pneumonoultramicroscopicsilicovolcanoconiosis" * 3, "repeats": "a" * 70 + "ab" * 20 + "ha" * 11,
        "runs": "=" * 13 + "-" * 21 + "." * 17, "punctuation": "¿Qué? «non» – “ja”… ‰ † §", "case": "PICK Up ThE cUp",
        "emoji": "🙂🤖☕", "emoji-joined": "👩🏽‍🔬👨‍👩‍👧‍👦🏳️‍🌈🇯🇵", "beyond-bmp": "𝒳𐍈𠜎", "private-use": "\ue000\U0010fffd",
        "noncharacters": "\uffff\ufffe\ufdd0", "replacement": "\ufffd", "composed": "é ñ å ạ́", "decomposed": "e\u0301 n\u0303 a\u030a a\u0323\u0301",
        "stacked-marks": "Z\u0351\u036b\u0343a\u0327\u0308l\u0321", "jamo": "\u1112\u1161\u11ab", "compatibility": "ﬁ ½ ㎏ Ⅳ ｶﾞ",
        "mixed": "cup杯чашка كوب🙂12", "user-defined": "<loc0003><loc0012> cup <loc0007>", "almost-user-defined": "<loc0003 ><loc3>",
        "user-defined-inside": "a<loc0001>b<table>c</table>", "byte-names": "<0x41><0x0A>", "brackets": "<<>><bo s>",
        "url": "https://example.org/a_b?c=%20#d", "code": "if (count == 12) {\n\treturn x1;\n}",
    }
    return found | edges


INSTRUCTIONS = ["pick up the red cup", "", " leading", "trailing ", "trailing newline\n", "two\nlines", "naïve café",
                "把红色的杯子拿起来", "open 🙂 now", "detect cup ; bowl", "0123", "a\tb"]

SPACES = "".join(map(chr, filter(lambda c: chr(c).isspace(), range(0x110000))))
PI0_INSTRUCTIONS = INSTRUCTIONS + [
    "pick_up_the_red_cup", "_pick up_", "  pick up  ", " \t\n open\r\n", "open\n\nthe\n drawer", "open\r\nthe\tdrawer", "\n",
    " _ ", "pick  up   the cup", f"{SPACES}red cup{SPACES}", "\u200bcup\u180e", "\ufeffcup\u2060", "\0 cup \x1b", "cup\u00a0\u2028bowl"]
