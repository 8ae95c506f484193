"""Words that hold sentences together or only ask: they do not say where the answer is."""

from __future__ import annotations

_ENGLISH = """
a about above according after again against all also am an and any are as at be because been before being below between
both but by can could did do does doing down during each either else ever few for from further had has have having he
her here hers him his how i if in into is it its itself just let may me might more most much must my no nor not now of
off on once one only or other our out over own per please same shall she should so some such than that the their theirs
them then there these they this those through to too under until up upon us very via was we were what when where which
while who whom whose why will with within without would you your yours
many long far often old big kind type sort tell give show find describe explain mention mentioned state stated list
name say says said according document documents passage passages text file report question answer
"""
_GERMAN = """
aber alle allem allen aller alles als also am an andere anderen ans auch auf aus bei beim bin bis bist da dabei dadurch
dafur dagegen daher dahin damit danach daneben
dann daran darauf daraus darf darin daruber darum das dass dazu dein deine
dem den denn der deren des dessen dich die dies diese diesem diesen dieser dieses dir doch dort du durch ein eine einem
einen einer eines einige er es etwa etwas euch euer fur gegen gibt hab habe haben hat hatte hatten hier hin ich ihm ihn
ihnen ihr ihre ihrem ihren ihrer im in ins ist ja jede jedem jeden jeder jedes jene kann kein keine konnen konnte machen
man mehr mein meine mich mir mit muss mussen nach nicht noch nun nur ob oder ohne sehr sein seine seinem seinen seiner
seit sich sie sind so soll sollen solche sondern uber um und uns unser unter viel viele vom von vor wahrend wann war
waren warum was weil welche welchem welchen welcher welches wem wen wenn wer werden wessen wie wieder wieviel will wir
wird wo wodurch wofur woher wohin womit wovon worden wurde wurden zu zum zur zwischen
lang lange oft gross hoch nenne nenn zeige erklare beschreibe beschreiben steht laut gemass dokument dokumente
dokumenten text bericht frage genannt heisst heissen lautet
"""
_FRENCH = """
a au aux avec c ce ces cet cette combien comme comment d dans de des du elle elles en entre est et etait fut il ils j je
l la le les leur leurs lors lui m mais n ne nous on ont ou par pas pendant plus pour pourquoi qu quand que quel quelle
quelles quels qui quoi s sa se selon ses son sont sous sur tous tout un une vers vous y
"""
_SPANISH = """
a al como con cual cuales cuando cuanta cuantas cuanto cuantos de del desde donde durante el ella ellos en entre era es
esta este fue ha hay la las lo los mas no o para pero por porque que quien quienes se segun ser si sin sobre son su sus
tiene un una unas unos y ya
"""
_ITALIAN = """
a ai al alla alle anche che chi come con cosa cui da dal dalla dei del della delle di dove durante e era gli ha i il in
la le lo ma nei nel nella non o per perche piu quale quali quando quanta quante quanti quanto secondo si sono su sua suo
tra un una uno
"""

LANGUAGES = tuple(frozenset(words.split()) for words in (_ENGLISH, _GERMAN, _FRENCH, _SPANISH, _ITALIAN))
"""One set for each language, folded as `words.fold` folds."""
ENGLISH = LANGUAGES[0]

_BACK = """
it its they them their theirs he him his she her hers this that these those there then one ones former latter both
er ihn ihm sein seine seinen seiner sie ihr ihre ihren ihrer dieser diese dieses diesem diesen dort davon dazu daran
darin dabei dafur dessen deren
"""
POINTS_BACK = frozenset(_BACK.split())
"""Words that stand for something said before."""
