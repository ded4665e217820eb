"""The careful model: the lower blocks of CLIP ViT-B/16, frozen, and heads of ours."""
