public import DVLADiagnostics

/// Budgets. If their JSON is not sound the codes are `json.*`. A message starts with the path of
/// the value.
extension WeightsError.Code {
  /// A measure that does not exist.
  public static let budgetMeasure = Self("budget.measure")
  /// A statistic that does not exist.
  public static let budgetStatistic = Self("budget.statistic")
  /// A percentile outside 0 to 100, or without the statistic of that name.
  public static let budgetPercentile = Self("budget.percentile")
  /// A limit in the wrong direction, or one that no value of the measure can be near.
  public static let budgetBound = Self("budget.bound")
  /// A dimension, steps or a pattern for a measure that has none.
  public static let budgetScope = Self("budget.scope")
  /// A pattern over names is not well formed.
  public static let budgetPattern = Self("budget.pattern")
  /// A gripper twice, or a limit on one that the budget does not have.
  public static let budgetGripper = Self("budget.gripper")
  /// The same is limited twice.
  public static let budgetDuplicate = Self("budget.duplicate")
  /// A limit that another one of the budget always breaks before it.
  public static let budgetContradiction = Self("budget.contradiction")
  /// A budget without a limit, or with more than are read.
  public static let budgetSize = Self("budget.size")
}

/// Statements of a gate. A sound one that does not make the bundle trusted under the caller's
/// policy is a failed check; what is wrong with its signature has the codes `signature.*`.
extension WeightsError.Code {
  /// A passed gate is required and there is no statement of one.
  public static let gateMissing = Self("gate.missing")
  /// A statement whose predicate is of another type, such as the signature of a bundle.
  public static let gateKind = Self("gate.kind")
  /// What was signed is no sound statement of a gate.
  public static let gateStatement = Self("gate.statement")
  /// The verdict, the judgements and the budget of a statement do not follow from each other.
  public static let gateContradiction = Self("gate.contradiction")
  /// The statement is about another bundle.
  public static let gateOtherBundle = Self("gate.other-bundle")
  /// The statement has the right root hash and another hash of the file.
  public static let gateFileHash = Self("gate.file-hash")
  /// The bundle did not pass.
  public static let gateFailed = Self("gate.failed")
  /// The budget was weaker than the one that is asked for.
  public static let gateWeakerBudget = Self("gate.weaker-budget")
  /// The gate ran on other observations than those that are asked for.
  public static let gateObservations = Self("gate.observations")
}
