extension FamilyFacts {
  /// PaliGemma 3B (arXiv 2407.07726): SigLIP and Gemma, pictures and text in, text out.
  static let paligemma = FamilyFacts(readsText: true)
}
