"""Text to draw in six scripts."""

ENGLISH = (
    "The harbour office opened at 7 each morning, and by 8 the clerks had entered every vessel in the long ledger. "
    "Mr Whitlock kept the keys; nobody else was trusted with them. In 1894 a storm took the roof, yet the books "
    "survived, dry inside an oak chest that had belonged to his grandmother. We copied 312 pages by hand that winter, "
    "quietly, while the river froze and the mills stood still. Payment was due on delivery of the goods, less any "
    "charge for storage beyond ten days. "
)
WESTERN = (
    "Nobody had expected the committee to answer so soon. Its letter of 14 March thanked us for the drawings, asked "
    "whether the bridge could carry two lorries at once, and proposed a visit in April. My uncle, who had built "
    "three such bridges, only shook his head: iron would rust within a decade, wood would rot, and stone was dear. ",
    "Die Prüfung der Bücher ergab, daß im Jahre 1907 über 4 200 Mark für Heizung und Beleuchtung ausgegeben wurden. "
    "Der Vorstand beschloß deshalb, die Räume nur noch an drei Tagen zu öffnen. Größere Änderungen bedürfen der "
    "Zustimmung aller Mitglieder, welche spätestens bis zum Frühjahr einzuholen ist. ",
    "Les élèves arrivèrent à l'école vers huit heures, après une longue marche à travers la forêt. Le maître, déjà "
    "assis près du poêle, relevait les noms des absents : il en manquait 17. On disait que la rivière avait débordé "
    "pendant la nuit et que le pont de Saint-Cyr était fermé. ",
)
"""Other texts in Latin letters."""
CYRILLIC = (
    "Контора порта открывалась каждое утро в семь часов, и к восьми писари успевали внести в длинную книгу каждое "
    "судно. Ключи хранил старый Фёдоров; никому другому их не доверяли. Буря сорвала крышу, но книги уцелели, сухие, "
    "в дубовом сундуке его бабушки. Зимой мы переписали от руки триста страниц. "
)
GREEK = (
    "Το γραφείο του λιμανιού άνοιγε κάθε πρωί στις επτά και ως τις οκτώ οι γραφείς είχαν περάσει κάθε πλοίο στο μεγάλο "
    "βιβλίο. Τα κλειδιά τα κρατούσε ο γέρος φύλακας· σε κανέναν άλλον δεν τα εμπιστεύονταν. Η καταιγίδα πήρε τη στέγη, "
    "μα τα βιβλία σώθηκαν στεγνά μέσα σε ένα σεντούκι. "
)
HAN = (
    "港口的办公室每天早上七点开门到八点书记员已经把每条船都写进了长长的账本钥匙由老人保管别人都不能拿那年冬天风暴"
    "掀走了屋顶但是书都保存下来在一只木箱里我们用手抄写了三百多页河水结冰工厂停工货物送到时付款超过十天要收存放费用"
)
KANA = (
    "港の事務所は毎朝七時に開き、八時には書記がすべての船を長い帳簿に書き入れていた。鍵は老人が持ち、ほかの人には"
    "まかせなかった。あらしが屋根を飛ばしたが、本は木の箱の中で無事だった。その冬、わたしたちは三百ページを手で"
    "写した。カタカナのメモもあり、テレビとラジオのニュースがのっている。"
)
ARABIC = (
    "كان مكتب الميناء يفتح كل صباح في الساعة السابعة وبحلول الثامنة كان الكتبة قد سجلوا كل سفينة في الدفتر الطويل "
    "وكان الشيخ يحفظ المفاتيح ولا يأتمن عليها أحدا غيره وفي تلك السنة حملت العاصفة السقف لكن الكتب بقيت سالمة جافة "
    "في صندوق من خشب وقد نسخنا في ذلك الشتاء ثلاث مئة صفحة باليد "
)
