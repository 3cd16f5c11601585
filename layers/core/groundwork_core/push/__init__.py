"""Push by WebSub (W3C Recommendation): hubs notify us that a feed has changed."""
