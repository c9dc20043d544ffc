"""Specs of what makes smaller classes larger."""

from __future__ import annotations

from imbench import Parameter, StrategySpec
from imbench_resampling.specs.shared import BORDER, GROWS, MEASURABLE, MIXES, WITH_CATEGORIES, neighbours

__all__ = ["GROWING"]

GROWING = (
    StrategySpec(
        name="random_over",
        summary="duplicate rows of smaller classes; with shrinkage, a smoothed bootstrap (ROSE)",
        family="data",
        make="imbench_resampling.selecting:random_over",
        params={
            "shrinkage": Parameter(
                default=0.0,
                summary="width of the Gaussian noise on copies; 0 copies exactly",
                low=0.0,
                high=100.0,
                grid=(0.0, 0.5, 1.0),
            )
        },
        paper="folklore; smoothed: Menardi & Torelli 2014, Data Min. Knowl. Discov. 28:92-122",
        notes=GROWS + " In expectation it equals class weights. With shrinkage, one-hot columns get noise too.",
    ),
    StrategySpec(
        name="smote",
        summary="points between a row and a near neighbour of its class",
        family="data",
        make="imbench_resampling.generating:smote",
        params={"k": neighbours()},
        paper="Chawla, Bowyer, Hall & Kegelmeyer 2002, JAIR 16:321-357",
        modalities=MEASURABLE,
        notes=GROWS + MIXES + " k is lowered to the smallest class less one; a class of one row is duplicated.",
    ),
    StrategySpec(
        name="borderline_smote",
        summary="SMOTE from rows near the border only",
        family="data",
        make="imbench_resampling.generating:borderline_smote",
        params={
            "k": neighbours(),
            "m": BORDER,
            "kind": Parameter(
                default=1, summary="2 also steps towards rows of other classes", choices=(1, 2), grid=(1, 2)
            ),
        },
        paper="Han, Wang & Mao 2005, ICIC, LNCS 3644:878-887",
        modalities=MEASURABLE,
        notes="Changes nothing where no row is on the border (separable data, very small classes): see its note. "
        + GROWS
        + MIXES,
    ),
    StrategySpec(
        name="svm_smote",
        summary="SMOTE from support vectors",
        family="data",
        make="imbench_resampling.generating:svm_smote",
        params={
            "k": neighbours(),
            "m": BORDER,
            "out_step": Parameter(
                default=0.5, summary="how far to step outwards", low=0.01, high=1.0, grid=(0.25, 0.5, 1.0)
            ),
        },
        paper="Nguyen, Cooper & Kamei 2011, IJKESDP 3(1):4-21",
        modalities=MEASURABLE,
        notes="The SVM costs O(n^2) and more: slow above some 10,000 rows. A class may stop short of the largest "
        "one (the note says where), and steps outwards leave the hull of its class. " + GROWS + MIXES,
    ),
    StrategySpec(
        name="adasyn",
        summary="SMOTE steps, more of them where other classes are near",
        family="data",
        make="imbench_resampling.generating:adasyn",
        params={"n_neighbors": neighbours("neighbours that measure difficulty, and to interpolate with")},
        paper="He, Bai, Garcia & Li 2008, IJCNN, 1322-1328",
        modalities=MEASURABLE,
        notes="Changes nothing where no row has a neighbour of another class. Sizes are met only nearly. Mislabelled "
        "rows get the most copies. " + GROWS + MIXES,
    ),
    StrategySpec(
        name="kmeans_smote",
        summary="SMOTE inside the clusters where a class is strong, most where it is sparse",
        family="data",
        make="imbench_resampling.clustered:kmeans_smote",
        params={
            "k": neighbours(default=2, grid=(2, 5)),
            "clusters": Parameter(default=8, summary="clusters of k-means", low=2, high=1000, grid=(8, 32)),
            "balance": Parameter(
                default=-1.0,
                summary="smallest share of a class in a cluster that grows it; below 0: half its share of made rows",
                low=-1.0,
                high=1.0,
                grid=(-1.0, 0.0, 0.1),
            ),
        },
        paper="Last, Douzas & Bacao 2017, arXiv:1711.00837; Inf. Sci. 465:1-20",
        modalities=MEASURABLE,
        notes="With two classes the default wants clusters where the smaller class is at least half: on strong "
        "imbalance there is none, nothing changes, and the note says so; balance=0 lets it grow everywhere. A class "
        "may pass its goal by a row a cluster. " + GROWS + MIXES,
    ),
    StrategySpec(
        name="smotenc",
        summary="SMOTE for numbers, and categories by vote of the neighbours",
        family="data",
        make="imbench_resampling.nominal:smotenc",
        params={"k": neighbours()},
        paper="Chawla, Bowyer, Hall & Kegelmeyer 2002, JAIR 16:321-357, section 6.1",
        modalities=WITH_CATEGORIES,
        notes="Made rows are one-hot. A difference in a category counts as the median deviation of the numbers in the "
        "class. Without categories it is smote, without numbers smoten (the note says so). Slower than smote, and it "
        "holds rows to be made x k x columns in memory. " + GROWS,
    ),
    StrategySpec(
        name="smoten",
        summary="categories by vote of a row and its neighbours, near in how they are shared among classes",
        family="data",
        make="imbench_resampling.nominal:smoten",
        params={"k": neighbours("neighbours of the same class that vote with the row")},
        paper="Chawla, Bowyer, Hall & Kegelmeyer 2002, JAIR 16:321-357, section 6.2; distance: Cost & Salzberg 1993, "
        "Mach. Learn. 10:57-78",
        modalities=WITH_CATEGORIES,
        notes="For data without numbers; with some it is smotenc, without categories smote (the note says so). The "
        "vote favours frequent categories, so made rows repeat each other. Costs distinct rows x rows of a class. "
        + GROWS,
    ),
    StrategySpec(
        name="mgs",
        summary="points from a Gaussian with the mean and covariance of near rows of the class",
        family="data",
        make="imbench_resampling.gaussian:mgs",
        params={
            "k": Parameter(
                default=0,
                summary="neighbours of the same class that shape the Gaussian with the row; 0: features + 1",
                low=0,
                high=1000,
                grid=(0, 5, 20),
            )
        },
        paper="Sakho, Malherbe & Scornet 2024, arXiv:2402.03819",
        modalities=MEASURABLE,
        notes="Leaves the hull of its class, where SMOTE does not. With k below the number of features a Gaussian "
        "is flat: made rows stay in the plane of their neighbours. Costs rows to be made x k x features. "
        + GROWS
        + MIXES,
    ),
)
