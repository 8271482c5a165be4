extension FamilyFacts {
  /// DINOv2 (arXiv 2304.07193): an encoder of pictures.
  static let dinov2 = FamilyFacts()
}
