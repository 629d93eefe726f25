"""区域性事件: many calls about one outage, recognised, offered and accepted as one."""
