"""Eight annotated sentences, small enough to be learnt by heart."""

from __future__ import annotations

from khabar.document import Document
from khabar_data.authoring import parse_authored

AUTHORED = """\
=== overfit-1
---
التقى [1:TITLE وزير الخارجية] [2:NORP المصري] [3:PER سامي عزيز] [4:PER جون ميلر] في [5:GPE القاهرة] [DATE أمس].
> 3 HOLDS_TITLE 1; 3 AFFILIATED_WITH 2; 3 MEETS_WITH 4; 3 PRESENT_AT 5; 4 PRESENT_AT 5
=== overfit-2
---
قالت [1:ORG وزارة الدفاع العراقية] إن [2:ORG البيشمركة] تسلمت [3:QUANTITY 40] [4:WEAPON صاروخا] [DATE يوم الخميس].
> 2 HAS_WEAPON 4; 4 HAS_QUANTITY 3
=== overfit-3
---
وصل [1:TITLE الأمين العام] ل[2:ORG لأمم المتحدة] إلى [3:GPE بغداد] في [DATE 12 شباط/ فبراير 2018].
> 1 AFFILIATED_WITH 2; 1 PRESENT_AT 3
=== overfit-4
---
وقعت [1:ORG أرامكو] عقدا قيمته [MONEY 3 مليارات دولار] مع [2:ORG توتال] و[3:ORG سابك].
> 1 COOPERATES_WITH 2; 1 COOPERATES_WITH 3
=== overfit-5
---
أعلن [1:ORG حلف شمال الأطلسي] ([2:ORG ناتو]) أن [3:GPE تركيا] عضو فيه منذ [DATE عام 1952].
> 1 HAS_ALIAS 2; 3 MEMBER_OF 1
=== overfit-6
---
تقع [1:FAC قاعدة إنجرليك] في [2:GPE أضنة] ب[3:GPE تركيا] قرب [LOC البحر المتوسط].
> 1 LOCATED_IN 2; 2 LOCATED_IN 3
=== overfit-7
---
هاجم [1:ORG تنظيم الدولة] [2:ORG الجيش السوري] في [3:GPE دير الزور] و[4:GPE الرقة].
> 1 CONFLICTS_WITH 2; 1 PRESENT_AT 3; 1 PRESENT_AT 4
=== overfit-8
---
شاركت [1:GPE ألمانيا] في [2:EVENT قمة وارسو] ووقعت [3:LAW اتفاقية باريس] [4:DATE عام 2016].
> 1 PARTICIPATES_IN 2; 1 PARTICIPATES_IN 3; 3 HAS_DATE 4
"""


def gold_documents() -> list[Document]:
    """The sentences as documents."""
    return list(parse_authored(AUTHORED.split("\n"), "tests/gold.py"))
