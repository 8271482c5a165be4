extension Budget {
  /// The budget that is used where none is given. The page Budgets of the documentation says what
  /// each limit rests on.
  ///
  /// It has no grippers, since only a robot's own budget knows where they are, and nothing that not
  /// every set of observations measures.
  public static let builtIn = Budget(
    leastObservations: 8, grippers: [],
    limits: [
      BudgetLimit(
        .weightGain, .worst, bound: 0.002,
        why:
          "Rounding to BF16 is off by at most 1/512, and the errors of INT8 average out. A scale "
          + "that is wrong by 1 % in one layer is five times this."),
      BudgetLimit(
        .weightSQNR, .worst, bound: 25,
        why: "INT8 by channel is at 30 to 45 dB. Below 25 dB, a row has a value that takes most of "
          + "its steps."),
      BudgetLimit(
        .stageCosine, .worst, bound: 0.9,
        why: "Good INT8 stays above 0.95 in the worst stage of 18 layers. With two cameras "
          + "exchanged it falls below 0.9."),
      BudgetLimit(
        .actionRMSOfDeviation, .mean, bound: 0.1,
        why: "INT8 moves actions by up to 8 % of what a dimension usually varies, BF16 by up to "
          + "2 %."),
      BudgetLimit(
        .actionRMSOfDeviation, .percentile(95), bound: 0.2,
        why: "Few chunks may be off by twice the mean that is allowed."),
      BudgetLimit(
        .actionMaximumOfDeviation, .worst, bound: 0.5,
        why: "No single action is off by half of what its dimension usually varies."),
      BudgetLimit(
        .depthAbsRel, .mean, bound: 0.1,
        why: "INT8 moves depth by up to 5 %. At 10 %, the drift is as large as the error of a good "
          + "depth model."),
      BudgetLimit(
        .depthDelta, .mean, bound: 0.95,
        why: "Nearly all pixels keep their distance to within a quarter."),
    ])
}
