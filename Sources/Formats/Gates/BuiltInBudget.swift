extension Budget {
  /// The budget that is used where none is given. The page Budgets of the documentation says what
  /// each limit rests on.
  public static let builtIn = Budget(
    leastObservations: 8, grippers: [],
    limits: [
      BudgetLimit(
        .actionMaximumOfDeviation, .worst, bound: 0.5,
        why: "No action is off by half of what its dimension usually varies."),
    ])
}
