"""The words of the samples that make_samples.py draws; written for this project, CC0."""

# ruff: noqa: E501 - the paragraphs stand one to a line

LETTER = """Dear Mrs Okafor,
Thank you for your letter of 14 March about the boundary wall at 27 Quarry Lane. Our surveyor, Mr Jelinek, visited on 2 April and measured the wall in three places. It stands 1.84 m high at the gate, 1.79 m by the pear tree and 2.06 m where it meets the old wash-house.
The crack you describe runs from the coping to the fourth course and is 6 mm wide at the top. It has not moved since the glass tell-tales were fixed in 2019. We therefore see no danger, but we shall look again in October, after the first frost.
As for the cost of repointing, two builders have quoted 1,460 and 1,725. Under the agreement of 1987 the parish pays 60 per cent and you pay the rest. Please let me know by 30 April which you prefer, and whether the week of 19 May would suit you.
Yours sincerely,
H. Brandreth
Clerk to the Parish"""

COLUMNS = """The first lamps on the mole were lit with fish oil, and the keeper trimmed them every two hours. When the wind was in the north-east the smoke blackened the glass before midnight, and ships coming round the point saw nothing at all until they were nearly upon the rocks.
In 1821 the harbour board sent for a new burner with a double wick. It used a third less oil and threw its light four miles further. The fishermen disliked it, for they said it frightened the herring, and twice somebody broke the panes with a sling.
The keeper's journal is exact about everything but himself. We know the height of each tide, the number of sails and the price of candles; we do not know the names of his children. On one page only, in a different ink, he wrote that the night was long.
After the railway came the mole lost its trade. Coal went inland by wagon, the chandlers closed, and the lamp was moved to the new pier. Its base is still there, a ring of eight granite blocks, and children use it as a castle.
Restoring the tower took six summers. The stone was cut at the same quarry as before, and a mason of 71 taught two apprentices how to dress it. The lantern is a copy, made from a drawing of 1834 found behind a cupboard in the customs house."""

TYPED = """MEMORANDUM                          File 388/B

TO:       All members of the survey party
FROM:     The field office, Kettle Bridge
DATE:     9 November 1956
SUBJECT:  Stores and transport

1.  The lorry leaves the yard at 0615 on Monday.
    Anyone not present will follow by train at
    his own expense.

2.  Each man draws one lamp, two blankets, a set
    of chain pins and 40 ft of line. Sign for
    them in the green book, not the red one.

3.  Levels are to be read twice and the mean
    entered in pencil. Last year 17 stations had
    to be visited again because a 3 was taken
    for an 8. Please write your figures clearly.

4.  The river gauge at Stannet stood at 7.35 on
    Thursday. If it passes 9.00 the lower camp
    moves to the school without further orders.

5.  Paraffin is short. No lamp burns after ten.

                         J. R. Tolland
                         Surveyor in charge"""

ITEMS = [
    ("1007", "Copper pipe, 15 mm, per 3 m length", "12", "8.45", "101.40"),
    ("1032", "Elbow 90 degrees, 15 mm", "36", "0.62", "22.32"),
    ("2210", "Ball valve with lever, half inch", "6", "7.90", "47.40"),
    ("2218", "Pressure gauge, 0 to 10 bar", "2", "13.75", "27.50"),
    ("3455", "Solder, lead free, 250 g reel", "4", "11.20", "44.80"),
    ("3460", "Flux paste, 100 g", "3", "4.85", "14.55"),
    ("5001", "Labour, fitting, per hour", "9", "38.00", "342.00"),
    ("5009", "Call-out, Saturday", "1", "55.00", "55.00"),
]

RECEIPT = [
    "CORNER BAKERY & DAIRY", "41 MILL STREET", "TEL 01632 960 377", "", "RYE LOAF 800G       3.40", "BUTTER 250G         2.85",
    "EGGS, 10            4.20", "2 X MILK 1L         2.58", "PLUM CAKE           6.75", "BAG                 0.15", "",
    "TOTAL              19.93", "CASH               20.00", "CHANGE              0.07", "", "28/09/2023  17:36  TILL 2", "RECEIPT 004 518 269",
    "THANK YOU, CALL AGAIN",
]  # fmt: skip

TRAINING = {
    "garden": """The hedge along the western side was planted in a single afternoon. We had ordered 340 hornbeams, each no thicker than a pencil, and they came by rail in bundles of twenty tied with wet straw. A boy from the farm cut the trench; I followed with the plants and trod them in.
Nothing happened for two years. In the third they began to move, and by the seventh a wren had built in them. Visitors now suppose that the hedge is older than the house, which was finished in 1902, and I no longer correct them.
What I would do again: plant small, plant in November, and water in the first June. What I would not: leave the gaps until spring, for rabbits found every one. Of 340 plants we lost 58, mostly at the north end, where the soil is thin & full of flints.
Below the hedge lies a border five paces wide. It holds quince, jasmine, violets, phlox (white and mauve), and a row of lavender that zigzags because the string was crooked. "Leave it," said my aunt; "straight lines are for railways."
""",
    "bridge": """Inspection of Kelder Bridge, 6 September. The deck is 64.5 m long and carries one lane of 3.25 m between kerbs. Both abutments are dry. The joint on the east side has opened by 9 mm since the last visit; the one on the west side has not moved.
Paint: about 15% of the lower flange shows rust, grade 2, chiefly between frames 7 and 12. Bolts K40 to K67 were tapped and found tight, except K53, which turned by hand and was replaced (M20 x 75, zinc). Drains 1, 3 and 4 run freely. Drain 2 is blocked with gravel.
Recommended: (a) clear the drain before winter; (b) clean and paint the flange, 48 square metres, at an estimated 5,900; (c) read the joint gauges every quarter instead of once a year. No limit on weight is needed for the present; lorries over 26 t should keep to 20 km/h.
The next full inspection falls due in 2027. Equipment used: a laser level, a hammer, feeler gauges from 0.05 to 1.00 mm, a moisture meter, two ladders and a boat. Weather: fair, 17 degrees, wind south-west 3.
""",
    "clock": """A clock that stops is easily mended; a clock that lies is not. The one above the market hall gained four minutes every day for thirty years, and the town, rather than pay for a new wheel, learned to subtract. Children were taught the rule with their tables.
Strangers missed trains. The postmaster kept two watches, one for the town and one for the Crown, and quarrelled with the vicar over which of them should open the church. When a jeweller named Quist offered to put the matter right for nothing, the council voted against him, 9 to 6.
He climbed up all the same, one foggy night in January, with an oil can, a file and half a pork pie. By morning the clock was exact. Nobody noticed for a week. Then the baker, whose loaves were suddenly burnt, walked to the square, looked up, and began to laugh.
The wheel that he took out hangs in our museum: brass, 96 teeth, one of them bent. Beside it is a card in his own hand: "Very good work, badly judged. Examined by J. Quist, XII.I.1888."
""",
    "kitchen": """To make six jars: 1.8 kg of damsons, 1.2 kg of sugar, 250 ml of water and the juice of two lemons. Wash the fruit and prick each one with a fork. Simmer in the water for 25 minutes, until the skins give way; press through a sieve and weigh the pulp.
For every 500 g of pulp allow 340 g of sugar. Warm it in the oven, stir it in off the heat, and boil briskly for 12 to 15 minutes. Test a drop on a cold plate: if it wrinkles, it is done. Fill hot jars to within 5 mm of the rim, and seal at once.
Keep for a month before opening. It will be firm enough to slice, and goes as well with mutton or a sharp cheese as with bread. A spoonful in gravy does no harm. Label the jars with the year: we have eaten a 1998 in 2011, and it was excellent.
If the jam should fail to set, do not add more sugar. Return it to the pan with a grated apple or the pips tied in muslin, boil for five minutes, and test again. Yield, by our own scales: 2,350 g; cost, fruit aside, about 3.70.
""",
}  # fmt: skip
