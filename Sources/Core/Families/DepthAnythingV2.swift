extension FamilyFacts {
  /// Depth Anything V2 (arXiv 2406.09414): DINOv2 and a DPT head, a depth map of each picture.
  static let depthAnythingV2 = FamilyFacts()
}
