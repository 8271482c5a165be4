extension FamilyFacts {
  /// pi0 (arXiv 2410.24164): PaliGemma and a flow-matching action expert.
  static let pi0 = FamilyFacts(isPolicy: true, readsText: true)
}
