extension FamilyFacts {
  /// DepthVLA (arXiv 2510.13375): PaliGemma, a depth expert on a DINOv2 encoder, and pi0's action
  /// expert under shared attention.
  static let depthVLA = FamilyFacts(
    isPolicy: true, hasDepthExpert: true, readsText: true, isComposite: true)
}
