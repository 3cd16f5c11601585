"""Push by WebSub (W3C Recommendation): hubs tell us that a feed has changed."""
